import ComputeModel
import Foundation
import Persistence
import Placement
import Scheduler
import Testing

@Suite struct FleetIndexTests {
    @Test func aChangedHostIsSeenAtOnce() async throws {
        try await PlacementTestbed.run([PlacementTestbed.host("a", devices: 1)]) { bed in
            let documents = try await bed.open()
            let placer = bed.placer(documents)
            #expect(try placer.decide(PlacementTestbed.job("i").request).candidates.count == 1)
            try await documents.mutate(ComputeHost.self, "id-a") { $0.disabled = true }
            #expect(try placer.decide(PlacementTestbed.job("i").request).candidates.isEmpty)
            try await documents.mutate(ComputeHost.self, "id-a") { $0.disabled = false }
            try await documents.mutate(HostReport.self, "id-a") { $0.devices = [] }
            #expect(try placer.decide(PlacementTestbed.job("i").request).candidates.isEmpty)
            let new = PlacementTestbed.host("b")
            try await documents.transact { transaction in
                try transaction.insert(new.host)
                try transaction.insert(try #require(new.report))
                try transaction.insert(new.ledger)
            }
            let found = try placer.decide(PlacementTestbed.job("i").request).candidates
            #expect(found.map(\.hostName) == ["b"])
            let host = try documents.require(ComputeHost.self, "id-b")
            try await documents.transact { try $0.delete(host) }
            #expect(try placer.decide(PlacementTestbed.job("i").request).candidates.isEmpty)
        }
    }

    @Test func aDeadHostIsNotChosenAndABackComerIs() async throws {
        let hosts = [PlacementTestbed.host("a"), PlacementTestbed.host("b")]
        try await PlacementTestbed.run(hosts) { bed in
            let placer = bed.placer(try await bed.open()) { $0.vitalsAge = .seconds(3_600) }
            #expect(try await placer.claim([PlacementTestbed.job("i0")])[0].hostName == "a")
            bed.vitals.set("a", isUp: false)
            #expect(try await placer.claim([PlacementTestbed.job("i1")])[0].hostName == "b")
            bed.vitals.set("b", isUp: false)
            let failure = await #expect(throws: PlacementFailure.self) {
                try await placer.claim([PlacementTestbed.job("i2")])
            }
            #expect(failure?.summary == "2 hosts: compute host is down.")
            bed.vitals.set("a", isUp: true)
            #expect(try await placer.claim([PlacementTestbed.job("i3")])[0].hostName == "a")
        }
    }

    @Test func anAggregateGivesItsHostsTheirZoneAndMetadata() async throws {
        let hosts = [PlacementTestbed.host("a"), PlacementTestbed.host("b")]
        try await PlacementTestbed.run(hosts) { bed in
            let documents = try await bed.open()
            let placer = bed.placer(documents)
            var east = HostAggregate(
                id: 1, uuid: "u", name: "east", zone: "east", createdAt: PlacementTestbed.time)
            east.hosts = ["b"]
            east.metadata = ["ssd": "true"]
            let aggregate = east
            try await documents.transact { try $0.insert(aggregate) }
            func names(_ change: (inout PlacementRequest) -> Void) throws -> [String] {
                try placer.decide(PlacementTestbed.job("i", change).request).candidates
                    .map(\.hostName)
            }
            #expect(try names { $0.zone = "east" } == ["b"])
            #expect(try names { $0.zone = "nova" } == ["a"])
            #expect(try names { $0.aggregateSpecs = ["ssd": "true"] } == ["b"])
            #expect(try names { $0.aggregateSpecs = ["ssd": "<or> no <or> true"] } == ["b"])
            #expect(placer.index.zone(of: HostID("id-b")) == "east")
        }
    }

    @Test func aHostWhereGuestsFailIsTheLastChoice() async throws {
        let hosts = [
            PlacementTestbed.host("a", devices: 8), PlacementTestbed.host("b", devices: 8),
        ]
        try await PlacementTestbed.run(hosts) { bed in
            let placer = bed.placer(try await bed.open())
            func first() throws -> String? {
                try placer.decide(PlacementTestbed.job("i").request).candidates.first?.hostName
            }
            #expect(try first() == "a")
            placer.index.noteBuild(on: HostID("id-a"), failed: true)
            #expect(try first() == "b")
            placer.index.noteBuild(on: HostID("id-a"), failed: false)
            #expect(try first() == "a")
        }
    }

    @Test func theStoryOfAPlacementIsKept() async throws {
        let hosts = [
            PlacementTestbed.host("a", devices: 1), PlacementTestbed.host("b", devices: 0),
        ]
        try await PlacementTestbed.run(hosts) { bed in
            let documents = try await bed.open()
            let placer = bed.placer(documents)
            try await placer.claim([PlacementTestbed.job("i")])
            let record = try documents.require(PlacementRecord.self, "w-i").value
            #expect(record.chosen?.hostName == "a")
            #expect(record.chosen?.devices.map(\.deviceID.text) == ["a-vdpa0"])
            #expect(record.hostCount == 2)
            #expect(record.isComplete)
            #expect(record.rejections.map(\.hostName) == ["b"])
            let explained = try placer.explain(PlacementTestbed.job("j"))
            #expect(explained.chosen == nil)
            #expect(explained.refusedCounts == ["no free vdpa device on physnet1": 2])
            let reasons = explained.rejections.first { $0.hostName == "a" }?.reasons ?? []
            guard case .device(let shortage)? = reasons.first else {
                Issue.record("no device shortage in \(reasons)")
                return
            }
            #expect(shortage.devices.map(\.verdict) == [.owned(InstanceID("i"))])
            #expect(try await bed.claims().count == 1)
        }
    }
}
