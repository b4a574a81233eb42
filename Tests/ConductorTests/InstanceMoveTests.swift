import ComputeModel
import SimulatedDrivers
import TestSupport
import Testing

@testable import Conductor

/// Moves between two hosts of two devices each, with the free devices after each step.
@Suite struct InstanceMoveTests {
    private static let hosts = [SimulatedHostSpec.small("h1"), .small("h2")]

    /// A server with one vDPA port; the name of its host, and of the other one.
    private func withServer(
        _ body: (InstanceTestbed, InstanceID, NetworkPort, String, String) async throws -> Void
    ) async throws {
        try await InstanceTestbed.run(Self.hosts) { bed in
            try await bed.conductor.flavors.create(InstanceTestbed.bigFlavor)
            let port = try await bed.port()
            let id = try await bed.create([port])
            let here = try #require(try await bed.settled(id, .active).hostName)
            try await bed.idle()
            try await body(bed, id, port, here, here == "h1" ? "h2" : "h1")
        }
    }

    @Test func aColdMigrationIsConfirmed() async throws {
        try await withServer { bed, id, port, here, there in
            let moved = try await bed.complete(
                .migrate(hostName: nil), id, expecting: .resized)
            #expect(moved.hostName == there)
            #expect(try bed.power(id, on: there) == .running)
            #expect(try bed.power(id, on: here) == .shutdown)
            #expect(try bed.freeDevices(here) == 1)
            #expect(try bed.freeDevices(there) == 1)
            #expect(try bed.port(port.id).binding?.hostName == there)
            try await bed.audit()
            try await bed.complete(.confirmResize, id, expecting: .active)
            #expect(try bed.power(id, on: here) == nil)
            #expect(try bed.freeDevices(here) == 2)
            #expect(try bed.freeDevices(there) == 1)
            try await bed.audit()
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            #expect(try bed.remains(of: id).isEmpty)
            try await bed.audit()
        }
    }

    @Test func aColdMigrationIsReverted() async throws {
        try await withServer { bed, id, port, here, there in
            try await bed.complete(.migrate(hostName: there), id, expecting: .resized)
            try await bed.complete(.revertResize, id, expecting: .active)
            #expect(try bed.hostName(id) == here)
            #expect(try bed.power(id, on: here) == .running)
            #expect(try bed.power(id, on: there) == nil)
            #expect(try bed.port(port.id).binding?.hostName == here)
            #expect(try bed.freeDevices(here) == 1)
            #expect(try bed.freeDevices(there) == 2)
            try await bed.audit()
        }
    }

    @Test func aResizeInPlaceKeepsItsDevice() async throws {
        try await withServer { bed, id, port, here, _ in
            let device = try bed.port(port.id).binding?.deviceID
            let resized = try await bed.complete(
                .resize(InstanceTestbed.bigFlavor.id), id, expecting: .resized)
            #expect(resized.hostName == here)
            #expect(resized.flavor.id == InstanceTestbed.bigFlavor.id)
            #expect(try bed.port(port.id).binding?.deviceID == device)
            #expect(try bed.freeDevices(here) == 1)
            try await bed.audit()
            try await bed.complete(.revertResize, id, expecting: .active)
            #expect(try bed.instance(id).flavor.id == InstanceTestbed.flavor.id)
            #expect(try bed.claims().map(\.capacity.vcpus) == [1])
            try await bed.audit()
            try await bed.complete(
                .resize(InstanceTestbed.bigFlavor.id), id, expecting: .resized)
            try await bed.complete(.confirmResize, id, expecting: .active)
            #expect(try bed.claims().map(\.capacity.vcpus) == [2])
            #expect(try bed.power(id, on: here) == .running)
            try await bed.audit()
        }
    }

    @Test func aShelvedServerComesBackElsewhere() async throws {
        try await withServer { bed, id, port, here, there in
            let shelved = try await bed.complete(.shelve, id, expecting: .shelvedOffloaded)
            #expect(shelved.hostID == nil)
            #expect(try bed.freeDevices(here) == 2)
            #expect(try bed.port(port.id).binding == nil)
            #expect(try bed.port(port.id).deviceID == id.text)
            try await bed.audit()
            try await bed.complete(
                .unshelve(zone: nil, hostName: there), id, expecting: .active)
            #expect(try bed.hostName(id) == there)
            #expect(try bed.power(id, on: there) == .running)
            #expect(try bed.port(port.id).binding?.hostName == there)
            #expect(try bed.freeDevices(there) == 1)
            try await bed.audit()
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            try await bed.audit()
        }
    }

    @Test func aServerIsEvacuatedAndTheOldHostComesBackClean() async throws {
        try await withServer { bed, id, port, here, there in
            try await bed.fleet.stopAgent(here)
            try await bed.declareDown(here, true)
            try await bed.complete(
                .evacuate(hostName: nil, endsStopped: false), id, expecting: .active)
            #expect(try bed.hostName(id) == there)
            #expect(try bed.power(id, on: there) == .running)
            #expect(try bed.power(id, on: here) == .running)
            #expect(try bed.freeDevices(here) == 1)
            #expect(try bed.port(port.id).binding?.hostName == there)
            try await bed.declareDown(here, false)
            try await bed.fleet.startAgent(here)
            try await bed.until("the old host is clean") {
                try bed.power(id, on: here) == nil && bed.freeDevices(here) == 2
            }
            try await bed.audit()
        }
    }

    @Test func aHostThatIsUpIsNotEvacuated() async throws {
        try await withServer { bed, id, _, _, _ in
            let refusal = await Refusal.of {
                try await bed.perform(.evacuate(hostName: nil, endsStopped: false), id)
            }
            #expect(refusal == .invalid(.server, nil))
        }
    }

    @Test func aServerMigratesLive() async throws {
        try await withServer { bed, id, port, here, there in
            try await bed.complete(.liveMigrate(hostName: nil), id, expecting: .active)
            #expect(try bed.hostName(id) == there)
            #expect(try bed.power(id, on: there) == .running)
            #expect(try bed.power(id, on: here) == nil)
            #expect(try bed.guestPorts(id, on: there) == [port.id])
            #expect(try bed.port(port.id).binding?.hostName == there)
            #expect(try bed.port(port.id).inactiveBinding == nil)
            #expect(try bed.freeDevices(here) == 2)
            #expect(try bed.freeDevices(there) == 1)
            let migration = try #require(
                try bed.conductor.migrations.list(InstanceTestbed.admin).first)
            #expect(migration.status == .completed)
            #expect(migration.networkOutageMS != nil)
            try await bed.audit()
        }
    }

    @Test func aFailedLiveMigrationLeavesTheGuestWithItsNIC() async throws {
        try await withServer { bed, id, port, here, there in
            try bed.host(here).set(.permanent(), on: .migrate)
            try await bed.complete(.liveMigrate(hostName: there), id, expecting: .active)
            #expect(try bed.hostName(id) == here)
            #expect(try bed.power(id, on: here) == .running)
            #expect(try bed.guestPorts(id, on: here) == [port.id])
            #expect(try bed.freeDevices(there) == 2)
            #expect(try bed.port(port.id).inactiveBinding == nil)
            let migration = try #require(
                try bed.conductor.migrations.list(InstanceTestbed.admin).first)
            #expect(migration.status == .failed)
            try await bed.audit()
        }
    }

    @Test func withoutRoomElsewhereNothingChanges() async throws {
        try await InstanceTestbed.run([.small("h1")]) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            let commands: [InstanceCommand] = [
                .migrate(hostName: nil), .liveMigrate(hostName: nil),
            ]
            for command in commands {
                try await bed.complete(command, id, expecting: .active)
                #expect(try bed.power(id, on: "h1") == .running)
                #expect(try bed.guestPorts(id, on: "h1") == [port.id])
                try await bed.audit()
            }
        }
    }
}
