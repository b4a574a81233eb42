import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Conductor

@Suite struct AggregateTests {
    private typealias Bed = InstanceTestbed

    @Test func numbersAreNotGivenAgain() async throws {
        try await Bed.run([]) { bed in
            let aggregates = try bed.conductor.aggregates
            #expect(try await aggregates.create(name: "a", zone: nil).id == 1)
            #expect(try await aggregates.create(name: "b", zone: nil).id == 2)
            try await aggregates.delete(2)
            #expect(try await aggregates.create(name: "b", zone: nil).id == 3)
            #expect(try aggregates.list().map(\.id) == [1, 3])
            let gone = await Refusal.of { _ = try aggregates.show(2) }
            #expect(gone == .notFound(.aggregate))
        }
    }

    @Test func namesAreUnique() async throws {
        try await Bed.run([]) { bed in
            let aggregates = try bed.conductor.aggregates
            _ = try await aggregates.create(name: "a", zone: nil)
            let other = try await aggregates.create(name: "b", zone: nil)
            let taken = await Refusal.of {
                _ = try await aggregates.create(name: "a", zone: nil)
            }
            #expect(taken == .conflict(.aggregate, .nameTaken))
            let renamed = await Refusal.of {
                _ = try await aggregates.update(other.id, name: "a", zone: nil)
            }
            #expect(renamed == .conflict(.aggregate, .nameTaken))
            _ = try await aggregates.update(other.id, name: "c", zone: nil)
            _ = try await aggregates.create(name: "b", zone: nil)
        }
    }

    @Test func metadataIsSetAndTakenAway() async throws {
        try await Bed.run([]) { bed in
            let aggregates = try bed.conductor.aggregates
            _ = try await aggregates.create(name: "a", zone: nil)
            let set = try await aggregates.setMetadata(
                1, ["k": "v", "l": "w", "availability_zone": "az1"])
            #expect(set.metadata == ["k": "v", "l": "w"] && set.zone == "az1")
            let cut = try await aggregates.setMetadata(1, ["k": nil])
            #expect(cut.metadata == ["l": "w"] && cut.zone == "az1")
            let changes: [[String: String?]] = [
                ["availability_zone": nil], ["availability_zone": ""],
                ["availability_zone": "a:b"],
            ]
            for change in changes {
                let refusal = await Refusal.of {
                    _ = try await aggregates.setMetadata(1, change)
                }
                #expect(refusal == .invalid(.aggregate, "availability_zone"))
            }
        }
    }

    @Test func hostsComeAndGo() async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let aggregates = try bed.conductor.aggregates
            _ = try await aggregates.create(name: "a", zone: "az1")
            #expect(try await aggregates.add(host: "h1", to: 1).hosts == ["h1"])
            let twice = await Refusal.of { _ = try await aggregates.add(host: "h1", to: 1) }
            #expect(twice == .conflict(.aggregate, .nameTaken))
            let unknown = await Refusal.of { _ = try await aggregates.add(host: "h9", to: 1) }
            #expect(unknown == .notFound(.host))
            let full = await Refusal.of { try await aggregates.delete(1) }
            #expect(full == .invalid(.aggregate, nil))
            let zones = try aggregates.zones()
            #expect(zones.zone(ofHostNamed: "h1") == "az1")
            #expect(zones.zone(ofHostNamed: "h2") == nil)
            #expect(zones.aggregates(ofHostNamed: "h1").map(\.id) == [1])
            #expect(try await aggregates.remove(host: "h1", from: 1).hosts.isEmpty)
            let absent = await Refusal.of { _ = try await aggregates.remove(host: "h1", from: 1) }
            #expect(absent == .notFound(.host))
            try await aggregates.delete(1)
        }
    }

    @Test func aHostIsInOneZone() async throws {
        try await Bed.run { bed in
            let aggregates = try bed.conductor.aggregates
            for (name, zone) in [("a", "az1"), ("b", "az2"), ("c", "az1"), ("d", nil)] {
                _ = try await aggregates.create(name: name, zone: zone)
            }
            _ = try await aggregates.add(host: "h1", to: 1)
            _ = try await aggregates.add(host: "h1", to: 3)
            _ = try await aggregates.add(host: "h1", to: 4)
            let second = await Refusal.of { _ = try await aggregates.add(host: "h1", to: 2) }
            #expect(second == .conflict(.aggregate, .state))
            for id in [3, 4] {
                let refusal = await Refusal.of {
                    _ = try await aggregates.update(id, name: nil, zone: "az2")
                }
                #expect(refusal == .conflict(.aggregate, .state))
            }
        }
    }

    @Test func manyAtOnceDoNotPutAHostIntoTwoZones() async throws {
        try await Bed.run { bed in
            let aggregates = try bed.conductor.aggregates
            for number in 1...6 {
                _ = try await aggregates.create(name: "a\(number)", zone: "az\(number)")
            }
            let refusals = await withTaskGroup(of: Refusal?.self) { tasks in
                for number in 1...6 {
                    tasks.addTask {
                        await Refusal.of {
                            _ = try await aggregates.add(host: "h1", to: number)
                        }
                    }
                }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.count { $0 == nil } == 1)
            #expect(refusals.count { $0 == .conflict(.aggregate, .state) } == 5)
        }
    }

    @Test func serversGoWhereTheirZoneIsAndKeepIt() async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let aggregates = try bed.conductor.aggregates
            _ = try await aggregates.create(name: "a", zone: "az1")
            let early = await Refusal.of {
                try await bed.create([try await bed.port()]) { $0.zone = "az1" }
            }
            #expect(early == .invalid(.availabilityZone, "availability_zone"))
            _ = try await aggregates.add(host: "h2", to: 1)
            let id = try await bed.create([try await bed.port()]) { $0.zone = "az1" }
            let placed = try await bed.settled(id, .active)
            #expect(placed.hostName == "h2" && placed.zone == "az1")
            let changes: [@Sendable () async throws -> Void] = [
                { _ = try await aggregates.remove(host: "h2", from: 1) },
                { _ = try await aggregates.update(1, name: nil, zone: "az9") },
                { _ = try await aggregates.setMetadata(1, ["availability_zone": "az9"]) },
            ]
            for change in changes {
                #expect(await Refusal.of(change) == .conflict(.aggregate, .state))
            }
            _ = try await aggregates.setMetadata(1, ["k": "v"])
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            _ = try await aggregates.update(1, name: nil, zone: "az9")
        }
    }

    @Test func flavorsAskForAggregates() async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let aggregates = try bed.conductor.aggregates
            _ = try await aggregates.create(name: "fast", zone: nil)
            _ = try await aggregates.setMetadata(1, ["ssd": "true"])
            _ = try await aggregates.add(host: "h2", to: 1)
            _ = try await bed.conductor.flavors.setExtraSpecs(
                Bed.flavor.id, ["aggregate_instance_extra_specs:ssd": "true"])
            let id = try await bed.create([try await bed.port()])
            #expect(try await bed.settled(id, .active).hostName == "h2")
        }
    }
}
