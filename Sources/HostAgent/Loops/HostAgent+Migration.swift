import ComputeModel
import Foundation
import HostDrivers
import Logging

/// What is known of live migrations beyond what can be seen of guests.
extension HostAgent {
    /// Takes a worker's word. False when it had to be made durable and could not.
    func take(_ note: GuestNote, of instance: InstanceID, _ generation: Int) async -> Bool {
        switch note {
        case .departureBegins(let id):
            remember(id, of: instance) { $0.hasBegun = true }
            return await saveRecord()
        case .departureProgress(let report):
            migrations[instance] = report
            forceMigrationIfAsked(instance)
            noteProgress(instance, generation, GuestStep.migrate.progress)
        case .networkLost(let id):
            let now = environment.now()
            remember(id, of: instance) { $0.networkLostAt = $0.networkLostAt ?? now }
        case .networkBack(let id):
            let now = environment.now()
            remember(id, of: instance) { $0.networkBackAt = now }
        }
        return true
    }

    private func remember(
        _ id: MigrationID, of instance: InstanceID,
        _ change: (inout RecordedMigration) -> Void
    ) {
        guard let assignment = desired?[instance] else { return }
        var guest =
            record[instance]
            ?? RecordedGuest(
                generation: assignment.generation, goal: assignment.goal, phase: .working)
        var migration = guest.migration ?? RecordedMigration(migrationID: id)
        if migration.migrationID != id { migration = RecordedMigration(migrationID: id) }
        change(&migration)
        guest.migration = migration
        record[instance] = guest
        recordIsDirty = true
    }

    /// A settled guest that is here has come, or has stayed: it was not sent away.
    func noteArrival(
        of assignment: Assignment, _ traces: GuestTraces?, _ guest: inout RecordedGuest
    ) {
        guard let arrival = assignment.arrival else {
            if assignment.departure == nil { guest.migration = nil }
            return
        }
        if guest.migration?.migrationID != arrival.migrationID {
            guest.migration = RecordedMigration(migrationID: arrival.migrationID)
        }
        if traces.map({ $0.guest != nil }) ?? true { guest.migration?.hasBegun = false }
        // An agent that was killed between the last NIC and its note says the next best time.
        if guest.migration?.networkBackAt == nil, !assignment.guest.interfaces.isEmpty {
            guest.migration?.networkBackAt = environment.now()
        }
    }

    /// What is reported of the migration that an assignment asks for; nil when it asks for none.
    func migrationReport(on assignment: Assignment) -> GuestMigrationReport? {
        let asked = assignment.departure?.migrationID ?? assignment.arrival?.migrationID
        guard let asked else { return nil }
        var report = GuestMigrationReport(migrationID: asked)
        if let seen = migrations[assignment.instanceID], seen.migrationID == asked {
            report = seen
        }
        if let known = record[assignment.instanceID]?.migration, known.migrationID == asked {
            report.networkLostAt = known.networkLostAt
            report.networkBackAt = known.networkBackAt
        }
        return report
    }

    /// Makes a migration end at once, as soon as it is both asked for and under way; once.
    func forceMigrationIfAsked(_ instance: InstanceID) {
        guard let departure = desired?[instance]?.departure, departure.isForced,
            forcing[departure.migrationID] == nil
        else { return }
        let id = departure.migrationID
        let isUnderWay =
            migrations[instance]?.migrationID == id
            || observed.guests[instance]?.transit == .leaving
        guard isUnderWay else { return }
        forcing[id] = Task {
            do throws(DriverError) {
                try await self.call("force the migration", "instance \(instance)") {
                    [drivers] () throws(DriverError) in
                    try await drivers.hypervisor.forceMigration(instance)
                }
            } catch {
                logger.warning("\(error)", metadata: ["id": "\(instance)"])
            }
        }
    }
}
