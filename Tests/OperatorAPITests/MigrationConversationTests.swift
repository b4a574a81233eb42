import ComputeModel
import Conductor
import Foundation
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import OperatorAPI

@Suite struct MigrationConversationTests {
    /// Three moves of two servers; the last one runs.
    private static func put(into documents: DocumentStore) async throws {
        let names = ["web", "db"]
        let flavor = Flavor(
            id: FlavorID("small"), name: "small", vcpus: 1, memoryMiB: 512, diskGiB: 1)
        let instances = names.map { name in
            Instance(
                id: InstanceID("instance-\(name)"), projectID: FleetDocuments.project,
                userID: UserID("u"), name: name, hostname: name, flavor: flavor,
                imageID: ServerDocuments.image, reservationID: "r",
                createdAt: FleetDocuments.time)
        }
        let kinds: [(MigrationKind, MigrationStatus)] = [
            (.resize, .confirmed), (.evacuation, .error), (.liveMigration, .running),
        ]
        try await documents.transact { transaction in
            for instance in instances { try transaction.insert(instance) }
            for (index, (kind, status)) in kinds.enumerated() {
                var move = Migration(
                    id: MigrationID("move-\(index)"), number: index + 1,
                    instance: instances[index % 2], kind: kind, status: status,
                    sourceHostID: FleetDocuments.first, sourceHostName: "compute-1",
                    newFlavorID: flavor.id, userID: UserID("u"),
                    projectID: FleetDocuments.project, workflowID: WorkflowID("w\(index)"),
                    createdAt: FleetDocuments.time)
                if kind != .evacuation { move.destinationHostName = "compute-2" }
                if kind == .evacuation { move.failure = "no host" }
                if kind == .resize { move.networkOutageMS = 1_250 }
                try transaction.insert(move)
            }
        }
    }

    static let queries: [(String, [JSONValue])] = [
        ("", [3, 2, 1]), ("?limit=1", [3]), ("?running=true", [3]), ("?running=false", [2, 1]),
        ("?kind=Live-Migration", [3]), ("?status=error", [2]), ("?server=web", [3, 1]),
        ("?server=instance-db", [2]), ("?server=nobody", []), ("?host=compute-2", [3, 1]),
        ("?host=compute-1", [3, 2, 1]),
    ]

    @Test(arguments: queries)
    func theNewestComeFirstAndCanBeChosen(query: String, numbers: [JSONValue]) async throws {
        let bed = try await OperatorTestbed()
        try await Self.put(into: bed.conductor.context.documents)
        try await bed.talk { client in
            let found = try await client.send(.get, "/v1/migrations" + query)
            #expect(found.status == 200)
            #expect(found.column("migrations", "number") == numbers)
        }
    }

    @Test func oneIsShownByNumberOrID() async throws {
        let bed = try await OperatorTestbed()
        try await Self.put(into: bed.conductor.context.documents)
        try await bed.talk { client in
            for reference in ["1", "move-0"] {
                let shown = try await client.send(.get, "/v1/migrations/\(reference)")
                #expect(
                    shown.json == [
                        "abort_requested": false, "created_at": "2027-01-15T08:00:00.000Z",
                        "destination_host": "compute-2", "failure": nil, "id": "move-0",
                        "instance_id": "instance-web", "instance_name": "web",
                        "kind": "resize", "network_outage_ms": 1_250, "new_flavor": "small",
                        "number": 1, "old_flavor": "small", "operation_id": "w0",
                        "progress": nil, "project_id": .string(FleetDocuments.project.text),
                        "source_host": "compute-1", "status": "confirmed",
                        "updated_at": "2027-01-15T08:00:00.000Z", "user_id": "u",
                    ])
            }
            let unknown = try await client.send(.get, "/v1/migrations/9")
            #expect(unknown.status == 404)
            #expect(unknown.message == "There is no migration '9'.")
            let host = try await client.send(.get, "/v1/migrations?host=compute-9")
            #expect(host.status == 404)
        }
    }
}
