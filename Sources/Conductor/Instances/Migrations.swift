public import ComputeModel
import Foundation
import Persistence
import Workflow

/// Records of moves: what is told of them, and what can be asked of one that is under way.
public struct Migrations: Sendable {
    let context: ConductorContext
    let engine: WorkflowEngine

    /// Those the caller may see, the newest first: all for administrators.
    public func list(_ caller: Caller) throws -> [Migration] {
        try context.documents.list(Migration.self).map(\.value)
            .filter { caller.isAdmin || $0.projectID == caller.projectID }
            .sorted { $0.number > $1.number }
    }

    /// Those of one instance, the newest first.
    public func list(of instance: InstanceID, _ caller: Caller) throws -> [Migration] {
        try list(caller).filter { $0.instanceID == instance }
    }

    /// One of an instance's, by UUID or number. Throws `notFound`.
    public func show(
        _ reference: String, of instance: InstanceID, _ caller: Caller
    ) throws -> Migration {
        let found = try list(of: instance, caller).first {
            $0.id.text == reference || String($0.number) == reference
        }
        guard let found else { throw DomainError.notFound(.migration, reference) }
        return found
    }

    /// Ends a live migration that is running at once, at the price of a longer standstill.
    ///
    /// Throws `notFound`, and `invalid` for one that is not running.
    public func forceComplete(
        _ reference: String, of instance: InstanceID, _ caller: Caller
    ) async throws {
        try await context.retryingConflicts(.migration) {
            let migration = try show(reference, of: instance, caller)
            let key = Assignment.key(migration.sourceHostID, instance)
            guard migration.kind == .liveMigration, migration.status == .running,
                let assignment = try context.documents.get(Assignment.self, key),
                assignment.value.departure?.migrationID == migration.id
            else { throw Self.notRunning(migration, "force_complete", "running") }
            var forced = assignment.value
            forced.departure?.isForced = true
            let written = forced
            try await context.documents.transact { try $0.update(assignment, to: written) }
        }
    }

    /// Gives a live migration up: the guest goes on where it is, with its NICs.
    ///
    /// Throws `notFound`, and `invalid` for one that is over, or not live.
    public func abort(
        _ reference: String, of instance: InstanceID, _ caller: Caller
    ) async throws {
        let workflow = try await context.retryingConflicts(.migration) {
            let migration = try show(reference, of: instance, caller)
            guard migration.kind == .liveMigration,
                [.accepted, .queued, .preparing, .running].contains(migration.status)
            else { throw Self.notRunning(migration, "abort", "queued, preparing or running") }
            let found = try context.documents.require(Migration.self, migration.id.text)
            var aborted = found.value
            aborted.isAbortRequested = true
            aborted.updatedAt = context.now()
            let written = aborted
            try await context.documents.transact { try $0.update(found, to: written) }
            return migration.workflowID
        }
        do {
            try await engine.cancel(workflow.text)
        } catch {
            // One that ended meanwhile is no error: its record tells how.
            guard case .notPossible = error else { throw error }
        }
    }

    private static func notRunning(
        _ migration: Migration, _ action: String, _ wanted: String
    ) -> DomainError {
        .invalid(
            .migration, field: nil,
            "Cannot '\(action)' migration \(migration.number) of instance"
                + " \(migration.instanceID): it is a \(migration.kind.rawValue) in status"
                + " \(migration.status.rawValue), and only a live-migration that is \(wanted) can"
                + " be.")
    }
}
