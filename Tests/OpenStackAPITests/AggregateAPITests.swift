import ComputeModel
import Foundation
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import Conductor
@testable import OpenStackAPI

@Suite struct AggregateAPITests {
    /// A testbed with the hosts `compute1` and `compute2`, both up.
    private static func withHosts() async throws -> ComputeAPITestbed {
        let bed = try await ComputeAPITestbed()
        for (number, name) in ["compute1", "compute2"].enumerated() {
            let host = ComputeHost(
                id: HostID("e550582b-2e83-4ad5-a93e-218db651852\(number)"), name: name,
                zone: "nova", createdAt: ComputeAPITestbed.time)
            try await bed.context.documents.transact {
                try $0.insert(host)
                try $0.insert(HostLedger(hostID: host.id))
            }
            bed.conductor.hub.liveness.heard(host.id)
        }
        return bed
    }

    private static let whole: Set<String> = [
        "id", "uuid", "name", "hosts", "metadata", "created_at", "updated_at", "deleted_at",
        "deleted", "availability_zone",
    ]

    @Test func anAggregateLivesAsRecorded() async throws {
        try await Self.withHosts().talk { client in
            let made = try await client.compute(
                .post, "/os-aggregates",
                ["aggregate": ["name": "agg1", "availability_zone": "az1"]], as: "admin",
                version: "2.81")
            #expect(made.status == 200)
            #expect(made.keys("aggregate") == Self.whole.subtracting(["hosts", "metadata"]))
            #expect(made.json["aggregate"]?["id"] == 1)
            let action = "/os-aggregates/1/action"
            let set = try await client.compute(
                .post, action, ["set_metadata": ["metadata": ["k": "v"]]], as: "admin")
            #expect(set.keys("aggregate") == Self.whole.subtracting(["uuid"]))
            #expect(
                set.json["aggregate"]?["metadata"]?.inOrder
                    == ["availability_zone": "az1", "k": "v"])
            let byName = try await client.compute(
                .get, "/os-aggregates/agg1", as: "admin", version: "2.81")
            #expect(byName.status == 400)
            #expect(
                byName.fault("badRequest") == "Invalid input received: id must be an integer")
            let added = try await client.compute(
                .post, action, ["add_host": ["host": "compute1"]], as: "admin")
            #expect(added.json["aggregate"]?["hosts"] == ["compute1"])
            let list = try await client.compute(
                .get, "/os-aggregates", as: "admin", version: "2.81")
            #expect(list.keys("aggregates", "0") == Self.whole)
            let full = try await client.compute(
                .delete, "/os-aggregates/1", as: "admin", version: "2.81")
            #expect(full.status == 400)
            let removed = try await client.compute(
                .post, action, ["remove_host": ["host": "compute1"]], as: "admin")
            #expect(removed.json["aggregate"]?["hosts"] == [])
            let gone = try await client.compute(
                .delete, "/os-aggregates/1", as: "admin", version: "2.81")
            #expect(gone.status == 200)
            let none = try await client.compute(.get, "/os-aggregates/1", as: "admin")
            #expect(none.fault("itemNotFound") == "Aggregate 1 could not be found.")
            #expect(try await client.compute(.get, "/os-aggregates").status == 403)
        }
    }

    @Test func theZoneIsThatOfItsHostsEverywhere() async throws {
        try await Self.withHosts().talk { client in
            _ = try await client.compute(
                .post, "/os-aggregates",
                ["aggregate": ["name": "a", "availability_zone": "az1"]], as: "admin")
            _ = try await client.compute(
                .post, "/os-aggregates/1/action", ["add_host": ["host": "compute2"]],
                as: "admin")
            let zones = try await client.compute(
                .get, "/os-availability-zone/detail", as: "admin")
            #expect(zones.column("availabilityZoneInfo", "zoneName") == ["az1", "nova"])
            #expect(zones.keys("availabilityZoneInfo", "0", "hosts") == ["compute2"])
            let services = try await client.compute(.get, "/os-services", as: "admin")
            #expect(services.column("services", "zone") == ["nova", "az1"])
            let agents = try await client.send(
                .get, "/network/v2.0/agents?host=compute2", token: "admin")
            #expect(agents.column("agents", "availability_zone") == ["az1"])
        }
    }

    @Test func nameAndZoneAreChanged() async throws {
        try await Self.withHosts().talk { client in
            for name in ["a", "b"] {
                _ = try await client.compute(
                    .post, "/os-aggregates", ["aggregate": ["name": .string(name)]],
                    as: "admin")
            }
            let changed = try await client.compute(
                .put, "/os-aggregates/1",
                ["aggregate": ["name": "c", "availability_zone": "az2"]], as: "admin")
            #expect(changed.text("aggregate", "name") == "c")
            #expect(changed.text("aggregate", "availability_zone") == "az2")
            #expect(changed.json["aggregate"]?["updated_at"] != .null)
            let taken = try await client.compute(
                .put, "/os-aggregates/2", ["aggregate": ["name": "c"]], as: "admin")
            #expect(taken.fault("conflictingRequest") == "Aggregate c already exists.")
        }
    }

    /// Path below `/os-aggregates`, body, and status.
    static let bad: [(String, JSONValue, Int)] = [
        ("", ["aggregate": [:]], 400), ("", ["aggregate": ["name": ""]], 400),
        ("", ["aggregate": ["name": " a"]], 400), ("", ["aggregate": ["nmae": "a"]], 400),
        ("", ["aggregate": ["name": "b", "availability_zone": "a:b"]], 400),
        ("", ["aggregate": ["name": "b", "availability_zone": ""]], 400),
        ("", ["aggregate": ["name": "a"]], 409), ("/1/action", [:], 400),
        ("/1/action", ["dance": [:]], 400), ("/1/action", ["add_host": [:]], 400),
        ("/1/action", ["add_host": ["host": "compute9"]], 404),
        ("/9/action", ["add_host": ["host": "compute1"]], 404),
        ("/1/action", ["remove_host": ["host": "compute1"]], 404),
        ("/1/action", ["set_metadata": [:]], 400),
        ("/1/action", ["set_metadata": ["metadata": ["k": 1]]], 400),
        ("/1/action", ["set_metadata": ["metadata": ["": "v"]]], 400),
        ("/1/action", ["set_metadata": ["metadata": ["availability_zone": nil]]], 400),
        ("/x/action", ["set_metadata": ["metadata": [:]]], 400),
        ("/1/images", ["cache": []], 400), ("/1/images", ["cache": [["id": "x"]]], 400),
    ]

    @Test(arguments: bad.indices)
    func whatCannotBeIsRefused(index: Int) async throws {
        let (path, body, status) = Self.bad[index]
        try await Self.withHosts().talk { client in
            _ = try await client.compute(
                .post, "/os-aggregates", ["aggregate": ["name": "a"]], as: "admin")
            let answer = try await client.compute(
                .post, "/os-aggregates" + path, body, as: "admin", version: "2.81")
            #expect(answer.status == status)
            let puts: [JSONValue] = [
                ["aggregate": [:]], ["aggregate": ["availability_zone": nil]],
            ]
            for put in puts {
                let answer = try await client.compute(
                    .put, "/os-aggregates/1", put, as: "admin")
                #expect(answer.status == 400)
            }
        }
    }

    @Test func imagesMayBeAskedForBeforehand() async throws {
        try await Self.withHosts().talk { client in
            _ = try await client.compute(
                .post, "/os-aggregates", ["aggregate": ["name": "a"]], as: "admin")
            let body: JSONValue = ["cache": [["id": .string(ComputeAPITestbed.imageID.text)]]]
            let old = try await client.compute(
                .post, "/os-aggregates/1/images", body, as: "admin", version: "2.80")
            #expect(old.status == 404)
            let answer = try await client.compute(
                .post, "/os-aggregates/1/images", body, as: "admin", version: "2.81")
            #expect(answer.status == 202)
        }
    }
}
