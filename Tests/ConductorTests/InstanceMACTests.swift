import ComputeModel
import SimulatedDrivers
import Testing

@testable import Conductor
@testable import Networking

/// Which MAC port, device and guest end up with.
@Suite struct InstanceMACTests {
    private static let chosen = "02:aa:00:00:00:01"

    @Test func aPortAdoptsTheMACOfADeviceThatKeepsItsOwn() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1, fixedMAC: true)]) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            let device = try #require(
                bed.fleet.hosts[0].snapshot.devices.first { $0.kind == .vdpa })
            let bound = try bed.port(port.id)
            #expect(bound.macAddress == device.macAddress)
            #expect(bound.macAddress != port.macAddress)
            #expect(bound.ownMACAddress == port.macAddress)
            let assignment = try #require(try bed.documents.list(Assignment.self).first)
            #expect(assignment.value.guest.interfaces.map(\.macAddress) == [device.macAddress])

            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])
            let again = try await bed.create([try await bed.port()])
            try await bed.settled(again, .active)
        }
    }

    @Test func aDeviceThatTakesAnyMACGetsTheOneAUserChose() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port { $0.macAddress = MACAddress(Self.chosen) }
            try await bed.settled(try await bed.create([port]), .active)
            #expect(try bed.port(port.id).macAddress == Self.chosen)
            let macs = bed.fleet.hosts[0].snapshot.devices.map(\.macAddress)
            #expect(macs.contains(Self.chosen))
        }
    }

    @Test func aDeviceThatKeepsItsOwnIsNotGivenToAPortWithAChosenMAC() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1, fixedMAC: true)]) { bed in
            let port = try await bed.port { $0.macAddress = MACAddress(Self.chosen) }
            let id = try await bed.create([port])
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message
                    == "No valid host was found. 1 host: no free vdpa device on physnet1 that"
                    + " can have MAC \(Self.chosen).")
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])
        }
    }

    @Test func theMACThatAUserChoseMayBeTheDevicesOwn() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 2, fixedMAC: true)]) { bed in
            let devices = bed.fleet.hosts[0].snapshot.devices.filter { $0.kind == .vdpa }
            let last = try #require(devices.last)
            let mac = try #require(last.macAddress.flatMap { MACAddress($0) })
            let port = try await bed.port { $0.macAddress = mac }
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            #expect(try bed.port(port.id).binding?.deviceID == last.id)
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            #expect(try bed.isFree(port))
        }
    }

    /// The MAC that a device would lend is worn by another port of the network already.
    @Test func aMACThatIsTakenOnTheNetworkFailsTheBuildAndSaysSo() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1, fixedMAC: true)]) { bed in
            let device = try #require(
                bed.fleet.hosts[0].snapshot.devices.first { $0.kind == .vdpa })
            let mac = try #require(device.macAddress.flatMap { MACAddress($0) })
            _ = try await bed.port { $0.macAddress = mac }
            let port = try await bed.port()
            let id = try await bed.create([port])
            let failed = try await bed.settled(id, .error)
            #expect(failed.fault?.message.contains(mac.description) == true)
            #expect(try bed.isFree(port))
            #expect(try bed.remains(of: id) == [])
        }
    }
}
