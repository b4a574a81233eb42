import ComputeModel
import Conductor
import Foundation
import HTTPTypes
import JSON
import RequestPipeline

extension ComputeService {
    /// Only administrators see moves: they name hosts.
    var migrationRoutes: [Route] {
        let server = "/servers/{id}/migrations"
        return [
            route(.get, "/os-migrations", .admin, listMigrations),
            since(.migrationKind, .get, server, listServerMigrations),
            since(.migrationKind, .get, server + "/{migration}", showServerMigration),
            since(.forceComplete, .post, server + "/{migration}/action", forceComplete),
            since(.abortMigration, .delete, server + "/{migration}", abortMigration),
        ]
    }

    /// A route that is not there in older microversions.
    private func since(
        _ version: Microversion, _ method: HTTPRequest.Method, _ path: String,
        _ handler: @escaping @Sendable (ComputeRequest) async throws -> APIResponse
    ) -> Route {
        route(method, path, .admin) { request in
            guard request.version >= version else {
                throw DomainError.notFound(.request, path)
            }
            return try await handler(request)
        }
    }

    private func migrationViews(_ request: ComputeRequest) -> MigrationViews {
        MigrationViews(
            version: request.version, base: base(request.request),
            stored: conductor.readModel())
    }

    private func listMigrations(_ request: ComputeRequest) throws -> APIResponse {
        let query = MigrationQuery(request: request.request, version: request.version)
        try query.check()
        let found = try query.select(try conductor.migrations.list(request.caller()))
        let views = migrationViews(request)
        guard request.version >= .migrationUUID else {
            let newest = found.prefix(request.request.limits.pageItemsMax)
            return .ok(["migrations": .array(try newest.map(views.record))])
        }
        let page = try Page(found, request.request, .migration) { $0.id.text }
        var members: [JSONValue.Member] = [
            .init("migrations", .array(try page.items.map(views.record)))
        ]
        let path = base(request.request) + "/v2.1/os-migrations"
        if let links = page.links(path, request.request) {
            members.append(.init("migrations_links", links))
        }
        return .ok(.object(members))
    }

    // MARK: - One server's

    private func listServerMigrations(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let views = migrationViews(request)
        let found = try conductor.migrations.list(of: instance.id, request.caller())
            .filter(\.isLiveAndUnderWay)
        return .ok(["migrations": .array(try found.map(views.live))])
    }

    private func showServerMigration(_ request: ComputeRequest) throws -> APIResponse {
        let migration = try liveMigration(request)
        guard !migration.status.isOver else {
            throw DomainError.notFound(.migration, request.parameter("migration"))
        }
        return .ok(["migration": try migrationViews(request).live(migration)])
    }

    private func forceComplete(_ request: ComputeRequest) async throws -> APIResponse {
        let migration = try liveMigration(request)
        let action = try ServerAction(try await request.request.json(), request.version)
        guard action.name == "force_complete" else {
            throw DomainError.invalid(
                .migration, field: nil,
                "There is no such action on a migration: \(action.name.prefix(64)). There is:"
                    + " force_complete.")
        }
        try action.refuseMembers()
        try check(migration, isOneOf: [.running], for: "force_complete")
        try await conductor.migrations.forceComplete(
            migration.id.text, of: migration.instanceID, request.caller())
        return APIResponse(.accepted)
    }

    private func abortMigration(_ request: ComputeRequest) async throws -> APIResponse {
        let migration = try liveMigration(request)
        let early: [MigrationStatus] =
            request.version >= .abortQueuedMigration ? [.accepted, .queued, .preparing] : []
        try check(migration, isOneOf: [.running] + early, for: "abort")
        try await conductor.migrations.abort(
            migration.id.text, of: migration.instanceID, request.caller())
        return APIResponse(.accepted)
    }

    private func liveMigration(_ request: ComputeRequest) throws -> Migration {
        let instance = try instance(request)
        let reference = request.parameter("migration")
        let found = try conductor.migrations.show(reference, of: instance.id, request.caller())
        guard found.kind == .liveMigration else {
            throw DomainError.notFound(.migration, reference)
        }
        return found
    }

    /// Nova answers 400 here, and not 409 as elsewhere when a state is wrong.
    private func check(
        _ migration: Migration, isOneOf states: [MigrationStatus], for verb: String
    ) throws(DomainError) {
        guard !states.contains(migration.status) else { return }
        throw .invalid(
            .migration, field: nil,
            "Migration \(migration.number) state of instance \(migration.instanceID) is"
                + " \(migration.status.rawValue). Cannot \(verb) while the migration is in this"
                + " state.")
    }
}

extension Migration {
    /// What a server's own list of migrations holds.
    fileprivate var isLiveAndUnderWay: Bool { kind == .liveMigration && !status.isOver }
}

/// The query of `GET /os-migrations`.
private struct MigrationQuery {
    let request: APIRequest
    let version: Microversion

    /// From 2.59 on a parameter that is not known is an error; before it has no effect.
    func check() throws(DomainError) {
        guard version >= .migrationUUID else { return }
        var known = [
            "host", "hidden", "instance_uuid", "source_compute", "status", "migration_type",
            "limit", "marker", "changes-since",
        ]
        if version >= .changesBefore { known.append("changes-before") }
        if version >= .migrationOwner { known += ["user_id", "project_id"] }
        guard let item = request.queryItems.first(where: { !known.contains($0.name) }) else {
            return
        }
        throw .invalid(
            .migration, field: item.name,
            "Additional properties are not allowed ('\(item.name.prefix(64))' was unexpected);"
                + " there are: \(known.joined(separator: ", ")).")
    }

    func select(_ migrations: [Migration]) throws -> [Migration] {
        var found = migrations
        let filters: [(String, (Migration) -> [String?])] = [
            ("host", { [$0.sourceHostName, $0.destinationHostName] }),
            ("source_compute", { [$0.sourceHostName] }),
            ("instance_uuid", { [$0.instanceID.text] }), ("status", { [$0.status.rawValue] }),
            ("migration_type", { [$0.kind.rawValue] }),
        ]
        let ofOwners: [(String, (Migration) -> [String?])] = [
            ("user_id", { [$0.userID.text] }), ("project_id", { [$0.projectID.text] }),
        ]
        for (name, values) in filters + (version >= .migrationOwner ? ofOwners : []) {
            let wanted = request.queryAll(name)
            guard !wanted.isEmpty else { continue }
            found = found.filter { values($0).contains { wanted.contains($0 ?? "") } }
        }
        if version >= .migrationUUID,
            let since = try APITime.query(request, "changes-since", .migration)
        {
            found = found.filter { $0.updatedAt >= since }
        }
        if version >= .changesBefore,
            let before = try APITime.query(request, "changes-before", .migration)
        {
            found = found.filter { $0.updatedAt <= before }
        }
        return found
    }
}
