extension LibvirtConnection {
    /// Domains starting, stopping and so on, from now on; any number of readers.
    ///
    /// The stream ends when the connection is closed or lost, or when the reader is more than
    /// ``Limits/eventCountMax`` events behind: list the domains again, and subscribe again.
    public func domainEvents() async throws(LibvirtError) -> AsyncStream<DomainEvent> {
        let registrations = registrations
        return try await call("subscribe to domain events of", uri) { call throws(LibvirtError) in
            try registrations.registerForDomainEvents(call)
            return registrations.domainEvents.subscribe()
        }
    }

    /// What comes of requests to unplug devices of running domains, from now on. Ends as
    /// ``domainEvents()`` does.
    public func domainDeviceEvents() async throws(LibvirtError) -> AsyncStream<DomainDeviceEvent> {
        let registrations = registrations
        return try await call("subscribe to device events of", uri) {
            call throws(LibvirtError) in
            try registrations.registerForDomainDeviceEvents(call)
            return registrations.domainDeviceEvents.subscribe()
        }
    }

    /// Jobs of domains that end, from now on. Ends as ``domainEvents()`` does.
    public func domainJobEvents() async throws(LibvirtError) -> AsyncStream<DomainJobEvent> {
        let registrations = registrations
        return try await call("subscribe to job events of", uri) { call throws(LibvirtError) in
            try registrations.registerForDomainJobEvents(call)
            return registrations.domainJobEvents.subscribe()
        }
    }

    /// Devices appearing on the host and leaving it, from now on. Ends as ``domainEvents()`` does.
    public func nodeDeviceEvents() async throws(LibvirtError) -> AsyncStream<NodeDeviceEvent> {
        let registrations = registrations
        return try await call("subscribe to node device events of", uri) {
            call throws(LibvirtError) in
            try registrations.registerForNodeDeviceEvents(call)
            return registrations.nodeDeviceEvents.subscribe()
        }
    }
}
