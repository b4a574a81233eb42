public import ComputeModel
internal import Foundation
public import HostDrivers
internal import Libvirt
internal import Logging
internal import Synchronization

extension KVMHypervisor {
    /// Sends the guest, its disks included, over the two libvirts' own connection. libvirt takes
    /// the guest's domain away here only when it runs there.
    ///
    /// `refused` while the guest has a vDPA NIC, and when memory must travel encrypted and the
    /// other host's URI doesn't.
    public func migrate(
        _ instance: InstanceID, _ departure: GuestDeparture,
        progress: @escaping @Sendable (GuestMigrationReport) async -> Void
    ) async throws(DriverError) {
        let call = try GuestCall(
            "migrate the guest to \(departure.destinationHostName)", instance)
        let view = try await activeView(call)
        try refuseVDPA(view, call)
        let migration = try await migration(departure, call)
        let downtime = DowntimeSetting(milliseconds: departure.downtimeMS)
        let ending = await job(
            call, timeout: .milliseconds(departure.timeoutMS),
            onLook: { job in
                guard job.operation == .migrationOut else { return }
                await set(downtime, call)
                await progress(GuestMigrationReport(departure.migrationID, job))
            },
            { connection throws(LibvirtError) in
                try await connection.migrate(call.uuid, migration)
            })
        let advice =
            "Look into libvirtd's logs of both hosts: ports 16514 and 49152 to 49215, names,"
            + " certificates, and that the CPUs are alike"
        guard let error = ending.driverError(call, advice: advice) else { return }
        let isAnswerLost = ending.isAnswerLost
        try await afterFailure(of: error, wasRunning: view.summary.state == .running, call) {
            // libvirt undefines the guest here only after it runs there.
            $0 == nil && isAnswerLost
        }
    }

    /// Ends it by post-copy if the operator allows that, else by stopping the guest's CPUs, so that
    /// nothing is written any more that would have to be sent again. libvirt lets them run on the
    /// other host.
    public func forceMigration(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("force the guest's migration", instance)
        let view = try await activeView(call)
        guard try await isLeaving(call) else {
            throw .notFound(call.fault("no migration of it is under way"))
        }
        guard view.summary.state == .running else { return }
        let allowsPostCopy = configuration.migration?.allowsPostCopy ?? false
        try await reach(call, { $0 != .running }) { connection throws(LibvirtError) in
            if allowsPostCopy, try await Self.startsPostCopy(call.uuid, connection) { return }
            try await connection.suspend(call.uuid)
        }
    }

    /// False while disks are copied, when libvirt can't switch yet, and for a migration that was
    /// begun without post-copy.
    private static func startsPostCopy(
        _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> Bool {
        do throws(LibvirtError) {
            try await connection.startPostCopy(uuid)
            return true
        } catch {
            switch error {
            case .invalidState, .unsupported, .other: return false
            default: throw error
            }
        }
    }

    /// Aborts the migration.
    public func abortMigration(_ instance: InstanceID) async throws(DriverError) {
        let call = try GuestCall("abort the guest's migration", instance)
        guard try await view(call)?.isActive == true, try await isLeaving(call) else { return }
        do throws(DriverError) {
            try await run(call) { connection throws(LibvirtError) in
                try await connection.abortJob(call.uuid)
            }
        } catch {
            // It may have ended by itself.
            guard try await view(call)?.isActive == true, try await isLeaving(call) else { return }
            throw error
        }
    }

    private func isLeaving(_ call: GuestCall) async throws(DriverError) -> Bool {
        do throws(LibvirtError) {
            let job = try await session.run { connection throws(LibvirtError) in
                try await Self.job(call.uuid, connection)
            }
            return job?.operation == .migrationOut && job?.phase == .running
        } catch {
            guard case .noDomain = error else {
                throw error.driverError(call.operation, call.object)
            }
            return false
        }
    }

    /// What libvirt is asked for.
    private func migration(
        _ departure: GuestDeparture, _ call: GuestCall
    ) async throws(DriverError) -> DomainMigration {
        let allowsPostCopy = configuration.migration?.allowsPostCopy ?? false
        let limit = configuration.migration?.bandwidthMiBPerSecond
        var migration = try DomainMigration(
            departure, allowsPostCopy: allowsPostCopy, bandwidthMiBPerSecond: limit, call)
        let documents: (live: String, next: String)
        do throws(LibvirtError) {
            documents = try await session.run { connection throws(LibvirtError) in
                (
                    try await connection.migratableXML(call.uuid),
                    try await connection.migratableXML(call.uuid, isInactive: true)
                )
            }
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        let placement = try DomainPlacement(arrivingBy: departure, call)
        do throws(XMLError) {
            let isPlaced = try PlacementRewriting.isPlaced(documents.live)
            guard isPlaced || placement != DomainPlacement() else { return migration }
            migration.destinationXML = try PlacementRewriting.document(documents.live, placement)
            migration.persistentXML = try PlacementRewriting.document(documents.next, placement)
        } catch {
            throw .failed(call.fault("its domain's document can't be read: \(error)"))
        }
        return migration
    }

    /// Once, as soon as there is a migration to set it for; libvirt's default is 300 ms.
    private func set(_ downtime: DowntimeSetting, _ call: GuestCall) async {
        guard downtime.begin() else { return }
        do throws(LibvirtError) {
            try await session.run { connection throws(LibvirtError) in
                try await connection.setMigrationDowntime(
                    call.uuid, milliseconds: downtime.milliseconds)
            }
        } catch {
            downtime.failed()
            logger.notice(
                "the migration's downtime is not set yet",
                metadata: ["guest": "\(call.instance)", "reason": "\(error)"])
        }
    }
}

/// The downtime of a migration, which is set while it runs.
private final class DowntimeSetting: Sendable {
    let milliseconds: Int
    private let isSet = Atomic<Bool>(false)

    init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// False if it is set already.
    func begin() -> Bool { !isSet.exchange(true, ordering: .acquiringAndReleasing) }

    func failed() { isSet.store(false, ordering: .releasing) }
}

extension SupervisedJob.Ending {
    /// Whether the call may have been carried out although it failed.
    var isAnswerLost: Bool {
        guard case .failure(let error) = result else { return false }
        return switch error {
        case .connectionLost, .closed, .timedOut: true
        default: false
        }
    }
}

extension GuestMigrationReport {
    /// How far a job is.
    init(_ migration: MigrationID, _ job: DomainJob) {
        self.init(migrationID: migration)
        memoryTotalBytes = job.memoryTotalBytes
        memoryRemainingBytes = job.memoryRemainingBytes
        diskTotalBytes = job.diskTotalBytes
        diskRemainingBytes = job.diskRemainingBytes
    }
}
