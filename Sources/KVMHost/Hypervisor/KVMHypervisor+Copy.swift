public import ComputeModel
internal import Foundation
internal import GuestDisks
public import HostDrivers
internal import Libvirt

extension KVMHypervisor {
    /// Longest time for copying a running guest's disk.
    static let copyTimeout = Duration.seconds(4 * 3_600)

    /// Has the hypervisor write the disk as it is at this moment, while the guest goes on writing.
    /// A cancelled or failed copy leaves no file. Needs libvirt 7.2 and QEMU 5.2: `refused` where
    /// they are older. `refused` too when there isn't space for it.
    public func copyRoot(_ instance: InstanceID, to path: String) async throws(DriverError) {
        let call = try GuestCall("copy the root disk", instance)
        let view = try await activeView(call)
        let backup = try backup(of: view, to: path, call)
        // An earlier process may have left a copy under way, which would go on for nobody.
        try await endBackup(call)
        try Self.removeFile(path, call)
        let outcome: Result<Void, DriverError>
        do throws(DriverError) {
            outcome = .success(try await copy(backup, call))
        } catch {
            outcome = .failure(error)
        }
        guard case .failure(let error) = outcome else { return }
        // Calls of a cancelled task are given up at once, and this must be done all the same.
        let cleaning = Task { () -> Result<Void, DriverError> in
            do throws(DriverError) {
                try await endBackup(call)
                return .success(try Self.removeFile(path, call))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let other) = await cleaning.value {
            logger.warning(
                "an unfinished copy of a disk may be left",
                metadata: ["path": "\(path)", "reason": "\(other)"])
        }
        throw error
    }

    /// The backup's document: the root disk only.
    private func backup(
        of view: GuestView, to path: String, _ call: GuestCall
    ) throws(DriverError) -> DomainBackup {
        var root: (target: String, disk: InstanceDisk)?
        for found in view.live.disks where found.device == .disk && root == nil {
            guard let file = found.path,
                let disk = disks.disk(atPath: file, instanceID: call.instance.text),
                disk != .rescue
            else { continue }
            root = (found.target, disk)
        }
        guard let root else {
            throw .refused(
                call.fault("none of its disks is a root disk in \(configuration.guestDirectory)"))
        }
        do {
            try disks.checkSpaceForCopy(root.disk, instanceID: call.instance.text)
        } catch {
            throw StorageCall(operation: call.operation, object: call.object).driverError(error)
        }
        return DomainBackup(
            disks: view.live.disks.map {
                DomainBackup.Disk(target: $0.target, path: $0.target == root.target ? path : nil)
            })
    }

    private func copy(_ backup: DomainBackup, _ call: GuestCall) async throws(DriverError) {
        let outcome: BackupWait.Outcome
        do throws(LibvirtError) {
            outcome = try await copy(backup, call.uuid)
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        switch outcome {
        case .completed: return
        case .failed(let words): throw .failed(call.fault("the copy failed: \(words)"))
        case .timedOut:
            throw .timedOut(call.fault("the copy was not done within \(Self.copyTimeout)"))
        }
    }

    private func copy(
        _ backup: DomainBackup, _ uuid: UUID
    ) async throws(LibvirtError) -> BackupWait.Outcome {
        let connection = try await session.connection()
        let events = try await connection.domainJobEvents()
            .filter { $0.uuid == uuid && $0.job.operation == .backup }.map(\.job)
        try await connection.beginBackup(xml: backup.xml(), of: uuid)
        return try await BackupWait(
            timeout: Self.copyTimeout, clock: clock,
            current: { () throws(LibvirtError) in try await connection.job(uuid) },
            last: { () throws(LibvirtError) in try await connection.completedJob(uuid) }
        ).run(events)
    }

    /// Ends a copy that is under way, and waits until it has ended.
    private func endBackup(_ call: GuestCall) async throws(DriverError) {
        let attempts = Int(SupervisedJob.abortMargin / SupervisedJob.lookInterval)
        for _ in 0..<attempts {
            let isUnderWay: Bool
            do throws(LibvirtError) {
                isUnderWay = try await session.run { connection throws(LibvirtError) in
                    try await Self.abortBackup(call.uuid, connection)
                }
            } catch {
                throw error.driverError(call.operation, call.object)
            }
            guard isUnderWay else { return }
            do {
                try await clock.sleep(for: SupervisedJob.lookInterval)
            } catch {
                throw .cancelled(call.fault("the wait for an earlier copy's end was cancelled"))
            }
        }
        throw .timedOut(call.fault("an earlier copy can't be ended"))
    }

    private static func abortBackup(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> Bool {
        do throws(LibvirtError) {
            guard let job = try await job(uuid, connection), job.operation == .backup,
                job.phase == .running
            else { return false }
            try await connection.abortJob(uuid)
        } catch {
            switch error {
            // It ended, or the guest did.
            case .noDomain, .invalidState: return false
            default: throw error
            }
        }
        return true
    }

    private static func removeFile(_ path: String, _ call: GuestCall) throws(DriverError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            let reason = String(cString: strerror(errno))
            throw .failed(call.fault("\(path) can't be removed: \(reason) (errno \(errno))"))
        }
    }
}
