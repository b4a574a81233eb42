internal import CLibvirt
public import Foundation
internal import Glibc

/// What goes away with a domain's definition.
public struct UndefineOptions: OptionSet, Sendable {
    /// libvirt's `virDomainUndefineFlagsValues`.
    public let rawValue: UInt32
    /// From libvirt's own number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Memory saved by a managed save; while there is one, libvirt refuses without this.
    public static let managedSave = UndefineOptions(
        rawValue: VIR_DOMAIN_UNDEFINE_MANAGED_SAVE.rawValue)
    /// The firmware's variables; while there are any, libvirt refuses without this.
    public static let nvram = UndefineOptions(rawValue: VIR_DOMAIN_UNDEFINE_NVRAM.rawValue)
    /// What libvirt remembers of snapshots; while there is any, it refuses without this.
    public static let snapshotsMetadata = UndefineOptions(
        rawValue: VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA.rawValue)
    /// What libvirt remembers of checkpoints, by backups of others; libvirt 5.6.
    public static let checkpointsMetadata = UndefineOptions(
        rawValue: VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA.rawValue)
}

extension LibvirtConnection {
    /// All domains, running or not. One that goes away meanwhile is left out.
    public func domains() async throws(LibvirtError) -> [DomainSummary] {
        try await call("list domains of", uri) { call throws(LibvirtError) in
            var list: UnsafeMutablePointer<virDomainPtr?>?
            let count = try call.check(virConnectListAllDomains(call.connection, &list, 0))
            defer { free(list) }
            let domains = UnsafeBufferPointer(start: list, count: Int(count)).compactMap(\.self)
            defer { for domain in domains { virDomainFree(domain) } }
            var summaries: [DomainSummary] = []
            for domain in domains {
                do throws(LibvirtError) {
                    summaries.append(try Self.summary(of: domain, call))
                } catch .noDomain {
                    continue
                }
            }
            return summaries
        }
    }

    /// Defines a domain, or redefines the one with the same uuid; see ``DomainDefinition/xml()``.
    /// Throws ``LibvirtError/invalidDocument(_:)`` for what libvirt can't read.
    public func define(xml: String) async throws(LibvirtError) -> DomainSummary {
        try await call("define domain on", uri) { call throws(LibvirtError) in
            let domain = try call.check(virDomainDefineXMLFlags(call.connection, xml, 0))
            defer { virDomainFree(domain) }
            return try Self.summary(of: domain, call)
        }
    }

    /// Starts a defined domain; with `paused` its CPUs wait for ``resume(_:)``.
    /// Throws ``LibvirtError/invalidState(_:)`` if it runs already.
    ///
    /// - Parameter bypassingCache: saved memory is read past the page cache, through a pipe.
    public func start(
        _ uuid: UUID, paused: Bool = false, bypassingCache: Bool = false
    ) async throws(LibvirtError) {
        var flags = paused ? VIR_DOMAIN_START_PAUSED.rawValue : 0
        if bypassingCache { flags |= VIR_DOMAIN_START_BYPASS_CACHE.rawValue }
        try await domainCall("start domain", uuid) { [flags] in
            virDomainCreateWithFlags($0, flags)
        }
    }

    /// Asks the guest to shut down (ACPI power button); it may ignore that.
    public func shutdown(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("shut down domain", uuid) { virDomainShutdown($0) }
    }

    /// Asks the guest to reboot; it may ignore that.
    public func reboot(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("reboot domain", uuid) { virDomainReboot($0, 0) }
    }

    /// Pulls the plug.
    public func destroy(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("destroy domain", uuid) { virDomainDestroyFlags($0, 0) }
    }

    /// Stops the CPUs; memory stays.
    public func suspend(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("suspend domain", uuid) { virDomainSuspend($0) }
    }

    /// Wakes a guest that suspended itself.
    public func wakeUp(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("wake up domain", uuid) { virDomainPMWakeup($0, 0) }
    }

    /// Lets the CPUs run on.
    public func resume(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("resume domain", uuid) { virDomainResume($0) }
    }

    /// Removes the definition; a running domain goes on and vanishes when it stops.
    public func undefine(
        _ uuid: UUID, options: UndefineOptions = [.managedSave, .nvram]
    ) async throws(LibvirtError) {
        try await domainCall("undefine domain", uuid) {
            virDomainUndefineFlags($0, options.rawValue)
        }
    }

    /// The state now, or nil if there is no such domain.
    public func state(_ uuid: UUID) async throws(LibvirtError) -> DomainState? {
        try await summary(uuid)?.state
    }

    /// What a list says of the domain, or nil if there is no such domain.
    public func summary(_ uuid: UUID) async throws(LibvirtError) -> DomainSummary? {
        do throws(LibvirtError) {
            return try await withDomain("read state of domain", uuid) {
                domain, call throws(LibvirtError) in
                try Self.summary(of: domain, call)
            }
        } catch .noDomain {
            return nil
        }
    }

    /// The document now: of the running domain, or with `isInactive` of its next start.
    public func xml(
        _ uuid: UUID, isInactive: Bool = false
    ) async throws(LibvirtError) -> String {
        let flags = isInactive ? VIR_DOMAIN_XML_INACTIVE.rawValue : 0
        return try await withDomain("read document of domain", uuid) {
            domain, call throws(LibvirtError) in
            try call.text(virDomainGetXMLDesc(domain, flags))
        }
    }

    private static func summary(
        of domain: virDomainPtr, _ call: LibvirtCall
    ) throws(LibvirtError) -> DomainSummary {
        guard let identity = DomainIdentity(domain) else { throw call.failure() }
        var number: Int32 = 0
        var reason: Int32 = 0
        try call.check(virDomainGetState(domain, &number, &reason, 0))
        let state = DomainState(libvirt: number)
        var summary = DomainSummary(
            uuid: identity.uuid, name: identity.name, state: state,
            isPostCopy: state.isPostCopy(reason: reason))
        // Each costs a round trip: asked only where the answer can matter.
        if state == .shutOff {
            summary.hasManagedSave = try call.check(virDomainHasManagedSaveImage(domain, 0)) == 1
        }
        if state != .running || summary.isPostCopy {
            summary.isPersistent = try call.check(virDomainIsPersistent(domain)) == 1
        }
        return summary
    }

    /// A call on a domain that answers with a number only.
    func domainCall(
        _ operation: String, _ uuid: UUID, _ body: @escaping @Sendable (virDomainPtr) -> Int32
    ) async throws(LibvirtError) {
        try await withDomain(operation, uuid) { domain, call throws(LibvirtError) in
            _ = try call.check(body(domain))
        }
    }

    /// Looks the domain up and calls `body` with it, in one stretch on one thread.
    func withDomain<Value: Sendable>(
        _ operation: String, _ uuid: UUID,
        _ body: @escaping @Sendable (virDomainPtr, LibvirtCall) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let key = uuid.lowercaseString
        return try await call(operation, key) { call throws(LibvirtError) in
            let domain = try call.check(virDomainLookupByUUIDString(call.connection, key))
            defer { virDomainFree(domain) }
            return try body(domain, call)
        }
    }
}
