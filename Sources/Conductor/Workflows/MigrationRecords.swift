import ComputeModel
import ControlPlaneState
import Persistence
import Workflow

/// The records of moves, which their workflows keep.
struct MigrationRecords: Sendable {
    let context: ConductorContext

    private var documents: DocumentStore { context.documents }

    /// A record of a move, with a number that no other has, as part of `transaction`.
    func insert(
        _ id: MigrationID, of instance: Instance, kind: MigrationKind, newFlavor: FlavorID,
        workflow: WorkflowID, _ caller: Caller, in transaction: inout DocumentTransaction
    ) throws {
        guard let host = instance.hostID, let name = instance.hostName else {
            throw DomainError.conflict(
                .server, .state, "Instance \(instance.id) is on no host.")
        }
        let number = (try documents.list(Migration.self).map(\.value.number).max() ?? 0) + 1
        try transaction.insert(
            Reservation(
                kind: "migration-number", scope: "all", value: String(number), holder: id.text))
        let status: MigrationStatus =
            kind == .liveMigration || kind == .evacuation ? .accepted : .preMigrating
        try transaction.insert(
            Migration(
                id: id, number: number, instance: instance, kind: kind, status: status,
                sourceHostID: host, sourceHostName: name, newFlavorID: newFlavor,
                userID: caller.userID, projectID: instance.projectID, workflowID: workflow,
                createdAt: context.now()))
    }

    /// Changes the record of a move; nothing happens to one that was swept away.
    func change(
        _ id: MigrationID, _ body: (inout Migration) -> Void
    ) async throws {
        try await context.retryingConflicts(.migration) {
            guard let found = try documents.get(Migration.self, id.text) else { return }
            var changed = found.value
            body(&changed)
            guard changed != found.value else { return }
            changed.updatedAt = context.now()
            let written = changed
            try await documents.transact { try $0.update(found, to: written) }
        }
    }
}

extension Migration {
    /// Whether another migration of `host` with this number has to wait for it.
    func isAhead(of number: Int, leaving host: HostID) -> Bool {
        guard kind == .liveMigration, sourceHostID == host else { return false }
        switch status {
        case .preparing, .running: return true
        case .queued: return self.number < number
        default: return false
        }
    }
}
