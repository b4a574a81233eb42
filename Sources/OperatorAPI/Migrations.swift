import ComputeModel
import Conductor
import JSON
import RequestPipeline

extension OperatorService {
    func listMigrations(_ request: APIRequest) throws -> APIResponse {
        let query = try QueryCheck(
            request, known: ["server", "host", "kind", "status", "running", "limit"],
            noun: .migration)
        let stored = conductor.readModel()
        let kind = try query.choice("kind", of: MigrationKind.allCases)
        let status = try query.choice("status", of: MigrationStatus.allCases)
        let running = try query.flag("running")
        let limit = try query.page(request.limits)
        let servers = try query.text("server").map { try stored.instanceIDs(namedOr: $0) }
        let host = try query.text("host").map { try find(host: $0).host.name }
        let found = try conductor.migrations.list(request.caller).filter { migration in
            (kind == nil || migration.kind == kind)
                && (status == nil || migration.status == status)
                && (running == nil || migration.status.isOver != running)
                && (servers?.contains(migration.instanceID.text) ?? true)
                && (host == nil || migration.sourceHostName == host
                    || migration.destinationHostName == host)
        }
        return .ok([
            "migrations": .array(
                try found.prefix(limit).map { try MigrationJSON.value($0, stored) })
        ])
    }

    func showMigration(_ request: APIRequest) throws -> APIResponse {
        let reference = request.parameter("migration")
        let found = try conductor.migrations.list(request.caller).first {
            $0.id.text == reference || String($0.number) == reference
        }
        guard let found else {
            throw DomainError.notFound(.migration, String(reference.prefix(64)))
        }
        return .ok(try MigrationJSON.value(found, conductor.readModel()))
    }
}

/// A move as this API shows it.
enum MigrationJSON {
    static func value(_ migration: Migration, _ stored: ReadModel) throws -> JSONValue {
        let instance = try stored.instance(migration.instanceID)
        return [
            "id": .string(migration.id.text), "number": .int(migration.number),
            "kind": .string(migration.kind.rawValue),
            "status": .string(migration.status.rawValue),
            "instance_id": .string(migration.instanceID.text),
            "instance_name": .optional(instance?.name),
            "source_host": .string(migration.sourceHostName),
            "destination_host": .optional(migration.destinationHostName),
            "old_flavor": .string(migration.oldFlavorID.text),
            "new_flavor": .string(migration.newFlavorID.text),
            "user_id": .string(migration.userID.text),
            "project_id": .string(migration.projectID.text),
            "operation_id": .string(migration.workflowID.text),
            "abort_requested": .bool(migration.isAbortRequested),
            "progress": progress(migration.progress),
            "network_outage_ms": .optional(migration.networkOutageMS),
            "failure": .optional(migration.failure),
            "created_at": APITime.text(migration.createdAt),
            "updated_at": APITime.text(migration.updatedAt),
        ]
    }

    /// What the source of a live migration last said; null where it said nothing.
    private static func progress(_ report: GuestMigrationReport?) -> JSONValue {
        guard let report else { return .null }
        return [
            "memory_total_bytes": .integer(report.memoryTotalBytes),
            "memory_remaining_bytes": .integer(report.memoryRemainingBytes),
            "disk_total_bytes": .integer(report.diskTotalBytes),
            "disk_remaining_bytes": .integer(report.diskRemainingBytes),
        ]
    }
}
