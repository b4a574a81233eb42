import ComputeModel
import Conductor
import Crypto
import Foundation
import JSON
import RequestPipeline

/// Moves as the compute API shows them, in the form of one microversion.
struct MigrationViews {
    let version: Microversion
    let base: String
    let stored: ReadModel

    /// The record of a move of any kind.
    func record(_ migration: Migration) throws -> JSONValue {
        var members = try common(migration)
        members += [
            .init("instance_uuid", .string(migration.instanceID.text)),
            .init("old_instance_type_id", .int(Self.number(of: migration.oldFlavorID))),
            .init("new_instance_type_id", .int(Self.number(of: migration.newFlavorID))),
        ]
        if version >= .migrationKind {
            members.append(.init("migration_type", .string(migration.kind.rawValue)))
            if migration.kind == .liveMigration, !migration.status.isOver {
                members.append(.init("links", links(migration)))
            }
        }
        return .object(members)
    }

    /// A live migration that is under way, with how far it is.
    func live(_ migration: Migration) throws -> JSONValue {
        var members = try common(migration)
        let progress = migration.progress
        members += [.init("server_uuid", .string(migration.instanceID.text))]
        members += Self.bytes(
            "memory", progress?.memoryTotalBytes, progress?.memoryRemainingBytes)
        members += Self.bytes("disk", progress?.diskTotalBytes, progress?.diskRemainingBytes)
        return .object(members)
    }

    private func common(_ migration: Migration) throws -> [JSONValue.Member] {
        let destination = migration.destinationHostName
        var members: [JSONValue.Member] = [
            .init("id", .int(migration.number)),
            .init("source_compute", .string(migration.sourceHostName)),
            .init("source_node", .string(migration.sourceHostName)),
            .init("dest_compute", .optional(destination)),
            .init("dest_node", .optional(destination)),
            .init("dest_host", .optional(try address(migration))),
            .init("status", .string(migration.status.rawValue)),
            .init("created_at", .string(APITime.micros(migration.createdAt))),
            .init("updated_at", .string(APITime.micros(migration.updatedAt))),
        ]
        if version >= .migrationUUID {
            members.insert(.init("uuid", .string(migration.id.text)), at: 1)
        }
        if version >= .migrationOwner {
            members += [
                .init("user_id", .string(migration.userID.text)),
                .init("project_id", .string(migration.projectID.text)),
            ]
        }
        return members
    }

    /// The destination's address, which Nova does not note for live migrations.
    private func address(_ migration: Migration) throws -> String? {
        guard migration.kind != .liveMigration, let host = migration.destinationHostID else {
            return nil
        }
        return try stored.report(of: host)?.address
    }

    private func links(_ migration: Migration) -> JSONValue {
        let path = "/servers/\(migration.instanceID)/migrations/\(migration.number)"
        return [
            ["rel": "self", "href": .string("\(base)/v2.1\(path)")],
            ["rel": "bookmark", "href": .string("\(base)\(path)")],
        ]
    }

    /// Null until the source has said something.
    private static func bytes(
        _ what: String, _ total: Int64?, _ remaining: Int64?
    ) -> [JSONValue.Member] {
        let processed = total.flatMap { total in remaining.map { max(0, total - $0) } }
        return [("total", total), ("processed", processed), ("remaining", remaining)].map {
            .init("\(what)_\($0.0)_bytes", $0.1.map { .integer($0) } ?? .null)
        }
    }

    /// A number for a flavor: clients expect one, and Millrace's flavors have none beside their
    /// id. The same for the same flavor, always, and told nowhere else.
    static func number(of flavor: FlavorID) -> Int {
        SHA256.hash(data: Data(flavor.text.utf8)).prefix(4)
            .reduce(0) { $0 << 8 | Int($1) } & Int(Int32.max)
    }
}
