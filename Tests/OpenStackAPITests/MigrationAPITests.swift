import ComputeModel
import Foundation
import HTTPTypes
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import Conductor
@testable import OpenStackAPI

extension ComputeAPITestbed {
    /// Stores a live migration from h1 to h2 that runs; number `n` is `n` seconds younger.
    @discardableResult
    func putMigration(
        _ number: Int, of instance: Instance, _ change: (inout Migration) -> Void = { _ in }
    ) async throws -> Migration {
        let id = MigrationID("00000000-0000-4000-8000-00000000000\(number)")
        var migration = Migration(
            id: id, number: number, instance: instance, kind: .liveMigration, status: .running,
            sourceHostID: HostID("h"), sourceHostName: "h1", newFlavorID: instance.flavor.id,
            userID: UserID("admin"), projectID: instance.projectID,
            workflowID: WorkflowID("w\(number)"),
            createdAt: Self.time.addingTimeInterval(Double(number)))
        migration.destinationHostID = HostID("h-2")
        migration.destinationHostName = "h2"
        change(&migration)
        let stored = migration
        try await context.documents.transact { try $0.insert(stored) }
        return stored
    }
}

/// Records of moves, in the microversions that change them.
@Suite struct MigrationAPITests {
    static let first: Set<String> = [
        "id", "source_compute", "source_node", "dest_compute", "dest_node", "dest_host", "status",
        "instance_uuid", "old_instance_type_id", "new_instance_type_id", "created_at",
        "updated_at",
    ]

    @Test(
        arguments: [
            (1, []), (22, []), (23, ["migration_type", "links"]),
            (59, ["migration_type", "links", "uuid"]),
            (80, ["migration_type", "links", "uuid", "user_id", "project_id"]),
            (100, ["migration_type", "links", "uuid", "user_id", "project_id"]),
        ] as [(Int, [String])])
    func recordsGrowWithTheVersion(minor: Int, added: [String]) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.putMigration(1, of: instance)
        try await bed.talk { client in
            let list = try await client.compute(
                .get, "/os-migrations", as: "admin", version: "2.\(minor)")
            #expect(list.status == 200)
            #expect(list.keys("migrations", "0") == Self.first.union(added))
            let one = list.json["migrations"]?.entries.first
            #expect(one?["id"] == 1)
            #expect(one?["dest_compute"] == "h2")
            #expect(one?["created_at"] == "2026-09-21T14:13:21.000000")
            #expect(one?["old_instance_type_id"] == one?["new_instance_type_id"])
            if minor >= 23 {
                #expect(
                    list.text("migrations", "0", "links", "0", "href")
                        == "http://cloud.example.com/compute/v2.1/servers/\(instance.id)"
                        + "/migrations/1")
            }
        }
    }

    /// Four moves of two servers.
    private static func fleet() async throws -> (ComputeAPITestbed, [Instance]) {
        let bed = try await ComputeAPITestbed()
        let servers = [try await bed.put("s1"), try await bed.put("s2", age: 1)]
        try await bed.putMigration(1, of: servers[0]) {
            $0.kind = .resize
            $0.status = .reverted
            $0.newFlavorID = FlavorID("f2")
        }
        try await bed.putMigration(2, of: servers[1]) { $0.status = .completed }
        try await bed.putMigration(3, of: servers[1]) {
            $0.kind = .evacuation
            $0.status = .error
            $0.destinationHostID = nil
            $0.destinationHostName = nil
            $0.userID = UserID("somebody")
        }
        try await bed.putMigration(4, of: servers[0])
        return (bed, servers)
    }

    static let queries: [(String, Int, [Int64])] = [
        ("", 80, [4, 3, 2, 1]), ("", 1, [4, 3, 2, 1]), ("?limit=2", 1, [4, 3, 2, 1]),
        ("?limit=2", 59, [4, 3]), ("?status=error", 80, [3]),
        ("?status=error&status=running", 80, [4, 3]), ("?status=nonsense", 80, []),
        ("?migration_type=resize", 23, [1]), ("?host=h2", 80, [4, 2, 1]),
        ("?source_compute=h2", 80, []), ("?source_compute=h1", 80, [4, 3, 2, 1]),
        ("?marker=00000000-0000-4000-8000-000000000003", 59, [2, 1]),
        ("?changes-since=2026-09-21T14:13:23Z", 59, [4, 3]),
        ("?changes-before=2026-09-21T14:13:22Z", 66, [2, 1]),
        ("?user_id=somebody", 80, [3]), ("?user_id=somebody", 23, [4, 3, 2, 1]),
        ("?instance_uuid=4dfd9c48-8ac4-4d7c-8b1f-000000000001", 80, [3, 2]),
        ("?unknown=x", 58, [4, 3, 2, 1]),
    ]

    @Test(arguments: queries)
    func listsAreFiltered(query: String, minor: Int, numbers: [Int64]) async throws {
        let (bed, _) = try await Self.fleet()
        try await bed.talk { client in
            let list = try await client.compute(
                .get, "/os-migrations" + query, as: "admin", version: "2.\(minor)")
            #expect(list.status == 200)
            let found = list.json["migrations"]?.entries.compactMap { $0["id"] }
            #expect(found == numbers.map { .integer($0) })
        }
    }

    @Test func pagesAreFollowedByTheirLinks() async throws {
        let (bed, _) = try await Self.fleet()
        try await bed.talk { client in
            let page = try await client.compute(
                .get, "/os-migrations?limit=3", as: "admin", version: "2.59")
            #expect(
                page.text("migrations_links", "0", "href")
                    == "http://cloud.example.com/compute/v2.1/os-migrations?limit=3"
                    + "&marker=00000000-0000-4000-8000-000000000002")
        }
    }

    @Test(arguments: [
        ("?unknown=x", 59), ("?changes-before=2026-09-21T14:13:22Z", 65), ("?user_id=u", 79),
        ("?marker=none", 59), ("?changes-since=yesterday", 59), ("?limit=x", 59),
    ])
    func badQueriesAreRefused(query: String, minor: Int) async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(
                .get, "/os-migrations" + query, as: "admin", version: "2.\(minor)")
            #expect(answer.status == 400)
        }
    }

    @Test func aServersOwnListHasTheLiveOnesUnderWay() async throws {
        let (bed, servers) = try await Self.fleet()
        try await bed.talk { client in
            let path = "/servers/\(servers[0].id)/migrations"
            let list = try await client.compute(.get, path, as: "admin", version: "2.80")
            #expect(list.json["migrations"]?.entries.compactMap { $0["id"] } == [4])
            #expect(
                list.keys("migrations", "0") == [
                    "id", "uuid", "source_compute", "source_node", "dest_compute", "dest_node",
                    "dest_host", "status", "created_at", "updated_at", "server_uuid", "user_id",
                    "project_id", "memory_total_bytes", "memory_processed_bytes",
                    "memory_remaining_bytes", "disk_total_bytes", "disk_processed_bytes",
                    "disk_remaining_bytes",
                ])
            for reference in ["4", "00000000-0000-4000-8000-000000000004"] {
                let one = try await client.compute(
                    .get, "\(path)/\(reference)", as: "admin", version: "2.23")
                #expect(one.json["migration"]?["server_uuid"] == .string(servers[0].id.text))
                #expect(one.json["migration"]?["memory_total_bytes"] == .null)
            }
            for reference in ["1", "2", "9", "x"] {
                let none = try await client.compute(
                    .get, "\(path)/\(reference)", as: "admin", version: "2.80")
                #expect(none.status == 404, "\(reference)")
            }
        }
    }

    @Test func bytesAreToldAsTheSourceSaidThem() async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        var progress = GuestMigrationReport(migrationID: MigrationID("m"))
        progress.memoryTotalBytes = 1_000
        progress.memoryRemainingBytes = 250
        try await bed.putMigration(1, of: instance) { [progress] in $0.progress = progress }
        try await bed.talk { client in
            let shown = try await client.compute(
                .get, "/servers/\(instance.id)/migrations/1", as: "admin", version: "2.23")
            let view = shown.json["migration"]
            #expect(view?["memory_total_bytes"] == 1_000)
            #expect(view?["memory_processed_bytes"] == 750)
            #expect(view?["memory_remaining_bytes"] == 250)
            #expect(view?["disk_total_bytes"] == 0)
        }
    }

    /// Method, what follows the server's migrations, and the version it came with.
    static let calls: [(HTTPRequest.Method, String, Int)] = [
        (.get, "", 23), (.get, "/1", 23), (.post, "/1/action", 22), (.delete, "/1", 24),
    ]

    @Test(arguments: calls)
    func callsCameWithAVersionAndAreForAdministrators(
        method: HTTPRequest.Method, rest: String, minor: Int
    ) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.talk { client in
            let path = "/servers/\(instance.id)/migrations" + rest
            let body: JSONValue? = method == .post ? ["force_complete": nil] : nil
            let early = try await client.compute(
                method, path, body, as: "admin", version: "2.\(minor - 1)")
            #expect(early.status == 404)
            let owner = try await client.compute(method, path, body, version: "2.\(minor)")
            #expect(owner.status == 403)
            let records = try await client.compute(.get, "/os-migrations")
            #expect(records.status == 403)
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.delete, MigrationStatus.queued, 64, 400),
        (.delete, .preparing, 24, 400), (.delete, .preparing, 64, 400),
        (.post, .preparing, 22, 400), (.post, .queued, 100, 400),
    ])
    func movesInOtherStatesGoOn(
        method: HTTPRequest.Method, status: MigrationStatus, minor: Int, code: Int
    ) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.putMigration(1, of: instance) { $0.status = status }
        try await bed.talk { client in
            let path = "/servers/\(instance.id)/migrations/1"
            let answer = try await client.compute(
                method, method == .post ? path + "/action" : path,
                method == .post ? ["force_complete": nil] : nil, as: "admin",
                version: "2.\(minor)")
            #expect(answer.status == code)
            #expect(answer.fault("badRequest")?.contains(status.rawValue) == true)
        }
    }

    @Test(arguments: [[:], ["force_complete": ["now": true]], ["abort": nil]] as [JSONValue])
    func wrongActionsOnMovesAreRefused(body: JSONValue) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.putMigration(1, of: instance)
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(instance.id)/migrations/1/action", body, as: "admin",
                version: "2.22")
            #expect(answer.status == 400)
        }
    }

    @Test func flavorsHaveNumbersOfTheirOwn() {
        let numbers = ["f1", "f2", "1", "2", ""].map { MigrationViews.number(of: FlavorID($0)) }
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { (0...Int(Int32.max)).contains($0) })
        #expect(MigrationViews.number(of: FlavorID("f1")) == numbers[0])
    }
}
