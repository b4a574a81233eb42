public import ComputeModel
internal import Foundation
public import HostDrivers
internal import Libvirt
internal import Logging

extension KVMHypervisor {
    /// Longest time for writing or reading a guest's memory.
    static let saveTimeout = Duration.seconds(3_600)

    /// Stops the CPUs.
    public func pause(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("pause the guest", instance)
        let view = try await activeView(call)
        guard view.summary.state.power != .paused else { return }
        try await reach(call, { $0?.power == .paused }) { connection throws(LibvirtError) in
            try await connection.suspend(call.uuid)
        }
    }

    /// Lets the CPUs run, those of a guest that suspended itself included.
    public func unpause(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("unpause the guest", instance)
        let view = try await activeView(call)
        try await resume(view, call)
    }

    private func resume(_ view: GuestView, _ call: GuestCall) async throws(DriverError) {
        guard view.summary.state.power == .paused else { return }
        try await reach(call, { $0 == .running }) { connection throws(LibvirtError) in
            if view.summary.state == .suspendedByGuest {
                try await connection.wakeUp(call.uuid)
            } else {
                try await connection.resume(call.uuid)
            }
        }
    }

    /// Saves the memory where libvirt keeps it. libvirt takes the guest's power only when the file
    /// is complete, and lets it run on when it can't be.
    public func save(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("save the guest's memory", instance)
        if try await view(call)?.summary.hasManagedSave == true { return }
        let view = try await activeView(call)
        try refuseVDPA(view, call)
        let ending = await job(call, timeout: Self.saveTimeout) {
            connection throws(LibvirtError) in
            try await connection.managedSave(call.uuid)
        }
        guard let error = ending.driverError(call) else { return }
        try await afterFailure(of: error, wasRunning: view.summary.state == .running, call) {
            $0?.summary.hasManagedSave == true
        }
    }

    /// Starts the guest from its saved memory, its CPUs stopped. libvirt removes the file when
    /// QEMU has read all of it, and keeps it when the start fails.
    public func restore(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("restore the guest", instance)
        guard let view = try await view(call) else {
            throw .notFound(call.fault("it is not defined"))
        }
        guard !view.isActive else { return }
        guard view.summary.hasManagedSave else {
            throw .notFound(call.fault("no memory of it is saved"))
        }
        let canStartPaused = configuration.domainType.canStartPaused
        let ending = await job(call, timeout: Self.saveTimeout) {
            connection throws(LibvirtError) in
            if canStartPaused {
                try await Self.startSaved(call.uuid, connection)
            } else {
                try await connection.start(call.uuid)
                try await connection.suspend(call.uuid)
            }
        }
        let advice = "QEMU's own words are in /var/log/libvirt/qemu on this host"
        guard let error = ending.driverError(call, advice: advice) else { return }
        if try await self.view(call)?.isActive == true { return }
        throw error
    }

    /// QEMU 11 takes memory from a pipe and from a file by its name, and libvirt 11.3 hands it an
    /// open file, unless the page cache is bypassed: then there is a pipe. Not every file system
    /// can be read so; libvirt keeps the file of a start that failed.
    private static func startSaved(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) {
        do throws(LibvirtError) {
            try await connection.start(uuid, paused: true, bypassingCache: true)
        } catch {
            guard case .other = error else { throw error }
            try await connection.start(uuid, paused: true)
        }
    }

    /// Removes the file with the memory.
    public func discardSaved(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("discard the guest's saved memory", instance)
        guard try await view(call)?.summary.hasManagedSave == true else { return }
        do throws(DriverError) {
            try await run(call) { connection throws(LibvirtError) in
                try await connection.discardManagedSave(call.uuid)
            }
        } catch {
            // Somebody else may have been quicker.
            guard try await view(call)?.summary.hasManagedSave == true else { return }
            throw error
        }
    }

    func refuseVDPA(_ view: GuestView, _ call: GuestCall) throws(DriverError) {
        let held = view.vdpaInterfaces
        guard !held.isEmpty else { return }
        let names = held.map { $0.alias ?? $0.macAddress ?? "unnamed" }.joined(separator: ", ")
        throw .refused(
            call.fault(
                "it still has \(held.count) vDPA NICs (\(names)), whose state can't leave the"
                    + " device", advice: "They must be unplugged first"))
    }

    func job(
        _ call: GuestCall, timeout: Duration,
        onLook: @escaping @Sendable (DomainJob) async -> Void = { _ in },
        _ body: @escaping @Sendable (LibvirtConnection) async throws(LibvirtError) -> Void
    ) async -> SupervisedJob.Ending {
        await SupervisedJob(
            call: call, session: session, clock: clock, logger: logger, timeout: timeout,
            onLook: onLook
        ).run(body)
    }

    /// What is to be done after a job that moved the guest's memory seems to have failed: nothing
    /// if it turns out to be `isDone`; else the guest runs on here, if it ran.
    func afterFailure(
        of error: DriverError, wasRunning: Bool, _ call: GuestCall,
        isDone: @escaping @Sendable (GuestView?) -> Bool
    ) async throws(DriverError) {
        // Calls of a cancelled task are given up at once, and this must be done all the same.
        let repair = Task { () -> Result<Bool, DriverError> in
            do throws(DriverError) {
                let view = try await view(call)
                if isDone(view) { return .success(true) }
                if let view, wasRunning, view.summary.state == .paused, !view.summary.isPostCopy {
                    try await resume(view, call)
                }
                return .success(false)
            } catch {
                return .failure(error)
            }
        }
        switch await repair.value {
        case .success(true): return
        case .success(false): throw error
        case .failure(let other):
            logger.warning(
                "what became of the guest is unknown",
                metadata: ["guest": "\(call.instance)", "reason": "\(other)"])
            throw error
        }
    }
}
