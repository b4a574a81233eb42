public import ComputeModel
internal import Foundation
internal import GuestDisks
public import HostDrivers
internal import Libvirt
internal import Logging

/// Guests on KVM through libvirt.
///
/// While libvirtd is away every call throws `DriverError.unavailable`; the connection comes back
/// by itself with the daemon.
public struct KVMHypervisor: Hypervisor {
    /// Between two looks at a guest that was asked to power off.
    static let shutdownPollInterval = Duration.milliseconds(500)
    /// Looks between two requests: a guest that still boots ignores the first.
    static let pollsPerShutdownRequest = 20
    /// Events kept for a slow reader; older ones are dropped, as the agent rescans anyway.
    static let eventCountMax = 256

    let session: LibvirtSession
    let configuration: KVMHostConfiguration
    let facts: HostFacts
    let disks: InstanceDisks
    let clock: any Clock<Duration>
    let logger: Logger

    /// All of our guests. Domains without Millrace's metadata are skipped unread.
    public func guests() async throws(DriverError) -> [ObservedGuest] {
        let operation = "list the guests"
        let found: [ListedGuest]
        do throws(LibvirtError) {
            found = try await session.run(Self.listed)
        } catch {
            throw error.driverError(operation, configuration.libvirtURI)
        }
        var guests: [ObservedGuest] = []
        for listed in found {
            do throws(XMLError) {
                let description = try DomainDescription(xml: listed.xml)
                if let guest = description.observed(listed.summary, job: listed.job) {
                    guests.append(guest)
                }
            } catch {
                throw .failed(
                    DriverFault(
                        operation: operation, object: "domain \(listed.summary.name)",
                        found: "its document can't be read: \(error)",
                        advice: "Compare it with 'virsh dumpxml \(listed.summary.uuid)'"))
            }
        }
        return guests.sorted { $0.instanceID < $1.instanceID }
    }

    /// Defines or redefines the guest; `refused` while it runs, and for a domain with its UUID
    /// that isn't ours.
    public func define(_ plan: GuestPlan) async throws(DriverError) {
        let call = try GuestCall("define the guest", plan.instanceID)
        let cells = plan.needsCells(configuration) ? try await cells(call) : []
        let document = try plan.domain(configuration.domainType, cells: cells).xml()
        if let state = try await state(call), state.isActive {
            throw .refused(
                call.fault("it is \(state)", advice: "Stop it before it is defined anew"))
        }
        let advice = "Compare it with 'virsh domcapabilities', and names with 'virsh list --all'"
        try await run(call, advice: advice) {
            connection throws(LibvirtError) in
            _ = try await connection.define(xml: document)
        }
    }

    /// Starts the guest, and lets one that was paused run on. A guest whose vDPA devices can't
    /// reach its memory is ended again.
    public func start(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("start the guest", instance)
        guard let view = try await view(call) else {
            throw .notFound(call.fault("it is not defined", advice: "Define it first"))
        }
        let state = view.summary.state
        let log = QEMULog(guest: view.defined.name)
        let advice = "QEMU's own words are in /var/log/libvirt/qemu on this host"
        try await reach(call, advice: advice, { $0?.isActive == true }) {
            connection throws(LibvirtError) in
            switch state {
            case .running, .shuttingDown, .suspendedByGuest, .unknown: return
            case .paused: try await connection.resume(call.uuid)
            case .crashed:
                try await connection.destroy(call.uuid)
                try await connection.start(call.uuid)
            case .shutOff: try await connection.start(call.uuid)
            }
        }
        guard !log.tellsOfUnmappedMemory else {
            try await destroy(instance)
            throw unmapped(call)
        }
    }

    /// Presses the power button, again every few seconds, until the guest is off.
    public func shutdown(
        _ instance: InstanceID, timeout: Duration
    ) async throws(DriverError) {
        let call = try GuestCall("shut the guest down", instance)
        let polls = max(1, Int((timeout / Self.shutdownPollInterval).rounded(.up)))
        for poll in 0..<polls {
            guard try await state(call)?.isActive == true else { return }
            if poll % Self.pollsPerShutdownRequest == 0 {
                try await reach(call, { $0?.isActive != true }) {
                    connection throws(LibvirtError) in
                    try await connection.shutdown(call.uuid)
                }
            }
            do {
                try await clock.sleep(for: Self.shutdownPollInterval)
            } catch {
                throw .cancelled(call.fault("the wait for it was cancelled"))
            }
        }
        guard try await state(call)?.isActive == true else { return }
        throw .timedOut(
            call.fault(
                "it still runs \(timeout) after it was asked to power off",
                advice: "It may ignore the ACPI power button; taking its power away works"))
    }

    /// Takes the power away.
    public func destroy(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("take the guest's power away", instance)
        guard try await state(call)?.isActive == true else { return }
        let advice = "A QEMU process that can't be ended usually waits for its storage"
        try await reach(call, advice: advice, { $0?.isActive != true }) {
            connection throws(LibvirtError) in
            try await connection.destroy(call.uuid)
        }
    }

    /// Removes the definition and saved memory; `refused` while the guest runs.
    public func undefine(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("undefine the guest", instance)
        guard let state = try await state(call) else { return }
        guard !state.isActive else {
            throw .refused(
                call.fault("it is \(state)", advice: "Shut it down or destroy it first"))
        }
        let options = configuration.domainType.undefineOptions
        try await reach(call, { $0 == nil }) { connection throws(LibvirtError) in
            try await connection.undefine(call.uuid, options: options)
        }
    }

    /// Reads the console log's end from its file.
    public func consoleTail(
        _ instance: InstanceID, bytes: Int
    ) async throws(DriverError) -> String {
        let call = try GuestCall("read the console log", instance)
        let path: String
        do throws(GuestDiskError) {
            path = try disks.consoleLogPath(instanceID: instance.text)
        } catch {
            throw .refused(call.fault("\(error)"))
        }
        let text: String?
        do throws(ConsoleLog.Failure) {
            text = try ConsoleLog.tail(path: path, bytes: bytes)
        } catch {
            let reason = String(cString: strerror(error.code))
            throw .failed(call.fault("\(path): \(reason) (errno \(error.code))"))
        }
        guard let text else { throw .notFound(call.fault("there is no \(path)")) }
        return text
    }

    /// Guests' changes, for all domains of the host: whose they are is only known by looking.
    public func events() -> AsyncStream<HypervisorEvent> {
        LibvirtWatch(session: session, clock: clock, logger: logger).stream(
            policy: .bufferingNewest(Self.eventCountMax),
            onConnectionChange: HypervisorEvent.connectionChanged,
            subscribe: { connection async throws(LibvirtError) in
                try await connection.domainEvents()
            },
            onEvent: { .guestChanged(InstanceID(uuid: $0.uuid)) })
    }
}
