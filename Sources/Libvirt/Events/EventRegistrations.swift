internal import CLibvirt
internal import Synchronization

/// What a connection has registered with libvirt, and how it is undone.
///
/// The calls into libvirt are made under the lock, on the connection's own threads; callbacks
/// never take it.
final class EventRegistrations: Sendable {
    let domainEvents: EventFanout<DomainEvent>
    let domainDeviceEvents: EventFanout<DomainDeviceEvent>
    let domainJobEvents: EventFanout<DomainJobEvent>
    let nodeDeviceEvents: EventFanout<NodeDeviceEvent>

    private struct Registration {
        let sink: Int
        /// libvirt's number.
        let id: Int32
    }

    private struct State {
        /// By libvirt's `virDomainEventID`.
        var domain: [UInt32: Registration] = [:]
        var nodeDevice: Registration?
        var closeSink: Int?
        var isClosed = false
    }

    private let state = Mutex(State())

    init(eventCountMax: Int) {
        domainEvents = EventFanout(eventCountMax: eventCountMax)
        domainDeviceEvents = EventFanout(eventCountMax: eventCountMax)
        domainJobEvents = EventFanout(eventCountMax: eventCountMax)
        nodeDeviceEvents = EventFanout(eventCountMax: eventCountMax)
    }

    /// Ends all streams: libvirt is gone, and they would be silent for ever.
    func finish() {
        domainEvents.finish()
        domainDeviceEvents.finish()
        domainJobEvents.finish()
        nodeDeviceEvents.finish()
    }

    /// Has libvirt say when it goes away.
    func watchForLoss(_ connection: virConnectPtr) {
        let sink = EventRegistry.shared.add(.connectionClosed { [weak self] in self?.finish() })
        let result = virConnectRegisterCloseCallback(
            connection, connectionClosedCallback, EventRegistry.opaque(sink), nil)
        if result == 0 {
            state.withLock { $0.closeSink = sink }
        } else {
            // A driver inside this process has no connection to lose.
            EventRegistry.shared.remove(sink)
        }
    }

    func registerForDomainEvents(_ call: LibvirtCall) throws(LibvirtError) {
        let callback:
            @convention(c) (
                virConnectPtr?, virDomainPtr?, Int32, Int32, UnsafeMutableRawPointer?
            ) -> Int32 = domainLifecycleCallback
        try register(
            VIR_DOMAIN_EVENT_ID_LIFECYCLE, .domain(domainEvents), call,
            unsafeBitCast(callback, to: virConnectDomainEventGenericCallback.self))
    }

    func registerForDomainDeviceEvents(_ call: LibvirtCall) throws(LibvirtError) {
        typealias Callback =
            @convention(c) (
                virConnectPtr?, virDomainPtr?, UnsafePointer<CChar>?, UnsafeMutableRawPointer?
            ) -> Void
        let removed: Callback = deviceRemovedCallback
        try register(
            VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, .domainDevice(domainDeviceEvents), call,
            unsafeBitCast(removed, to: virConnectDomainEventGenericCallback.self))
        let failed: Callback = deviceRemovalFailedCallback
        try register(
            VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, .domainDevice(domainDeviceEvents), call,
            unsafeBitCast(failed, to: virConnectDomainEventGenericCallback.self))
    }

    func registerForDomainJobEvents(_ call: LibvirtCall) throws(LibvirtError) {
        let callback:
            @convention(c) (
                virConnectPtr?, virDomainPtr?, virTypedParameterPtr?, Int32,
                UnsafeMutableRawPointer?
            ) -> Void = jobCompletedCallback
        try register(
            VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, .domainJob(domainJobEvents), call,
            unsafeBitCast(callback, to: virConnectDomainEventGenericCallback.self))
    }

    private func register(
        _ event: virDomainEventID, _ sink: EventSink, _ call: LibvirtCall,
        _ callback:
            @escaping @convention(c) (
                virConnectPtr?, virDomainPtr?, UnsafeMutableRawPointer?
            ) -> Void
    ) throws(LibvirtError) {
        let number = event.rawValue
        try register(\.domain[number], sink, call) { connection, opaque in
            virConnectDomainEventRegisterAny(
                connection, nil, Int32(bitPattern: number), callback, opaque, nil)
        }
    }

    func registerForNodeDeviceEvents(_ call: LibvirtCall) throws(LibvirtError) {
        let callback:
            @convention(c) (
                virConnectPtr?, virNodeDevicePtr?, Int32, Int32, UnsafeMutableRawPointer?
            ) -> Void = nodeDeviceLifecycleCallback
        try register(\.nodeDevice, .nodeDevice(nodeDeviceEvents), call) { connection, opaque in
            virConnectNodeDeviceEventRegisterAny(
                connection, nil, Int32(VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE.rawValue),
                unsafeBitCast(callback, to: virConnectNodeDeviceEventGenericCallback.self),
                opaque, nil)
        }
    }

    /// Registers once; on a lost connection it throws although an earlier registration stands.
    private func register(
        _ slot: WritableKeyPath<State, Registration?>, _ sink: EventSink, _ call: LibvirtCall,
        _ body: (virConnectPtr, UnsafeMutableRawPointer?) -> Int32
    ) throws(LibvirtError) {
        try state.withLock { state throws(LibvirtError) in
            guard !state.isClosed else {
                throw .closed(operation: call.operation, object: call.object)
            }
            guard virConnectIsAlive(call.connection) == 1 else { throw call.failure() }
            guard state[keyPath: slot] == nil else { return }
            let sink = EventRegistry.shared.add(sink)
            let id = body(call.connection, EventRegistry.opaque(sink))
            guard id >= 0 else {
                EventRegistry.shared.remove(sink)
                throw call.failure()
            }
            state[keyPath: slot] = Registration(sink: sink, id: id)
        }
    }

    /// Undoes everything, for good: libvirt keeps a connection open as long as a registration is
    /// left. A failure means that the connection is gone, and the registration with it.
    func close(_ connection: virConnectPtr) {
        state.withLock { state in
            state.isClosed = true
            for registration in state.domain.values {
                virConnectDomainEventDeregisterAny(connection, registration.id)
                EventRegistry.shared.remove(registration.sink)
            }
            if let nodeDevice = state.nodeDevice {
                virConnectNodeDeviceEventDeregisterAny(connection, nodeDevice.id)
                EventRegistry.shared.remove(nodeDevice.sink)
            }
            if let sink = state.closeSink {
                virConnectUnregisterCloseCallback(connection, connectionClosedCallback)
                EventRegistry.shared.remove(sink)
            }
            state.domain = [:]
            state.nodeDevice = nil
            state.closeSink = nil
        }
        finish()
    }
}
