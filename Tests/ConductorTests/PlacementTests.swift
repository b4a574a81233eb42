import ComputeModel
import DeviceTracking
import Foundation
import SimulatedDrivers
import Testing

@testable import Conductor
@testable import Networking

@Suite struct PlacementTests {
    private static let hosts = [
        SimulatedHostSpec.small("h1", devices: 2),
        SimulatedHostSpec.small("h2", devices: 4, zone: "east"),
    ]

    @Test func aZoneIsKept() async throws {
        try await InstanceTestbed.run(Self.hosts) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port]) { $0.zone = "east" }
            let instance = try await bed.settled(id, .active)
            #expect(instance.hostName == "h2")
            #expect(instance.zone == "east")
        }
    }

    @Test func anAdministratorMayNameAHost() async throws {
        try await InstanceTestbed.run(Self.hosts) { bed in
            let port = try await bed.port()
            let id = try await bed.create([port], InstanceTestbed.admin) { $0.hostName = "h2" }
            #expect(try await bed.settled(id, .active).hostName == "h2")
        }
    }

    @Test func aHostIsFilledBeforeTheNextIsBegun() async throws {
        try await InstanceTestbed.run(Self.hosts) { bed in
            var names: [String?] = []
            for _ in 0..<3 {
                let id = try await bed.create([try await bed.port()])
                names.append(try await bed.settled(id, .active).hostName)
            }
            #expect(names == ["h1", "h1", "h2"])
        }
    }

    @Test func twoPortsGetTwoDevicesOfOneHost() async throws {
        try await InstanceTestbed.run(Self.hosts) { bed in
            _ = try await bed.settled(try await bed.create([try await bed.port()]), .active)
            let ports = [try await bed.port(), try await bed.port()]
            let id = try await bed.create(ports)
            #expect(try await bed.settled(id, .active).hostName == "h2")
            let claim = try #require(try bed.claims().first { $0.instanceID == id })
            #expect(claim.devices.map(\.portID) == ports.map(\.id))
            #expect(Set(claim.devices.map(\.deviceID)).count == 2)
        }
    }

    @Test(arguments: [
        (true, false, "1 host: compute host is disabled."),
        (false, true, "1 host: compute host is down."),
    ])
    func operatorsKeepGuestsAway(disabled: Bool, forcedDown: Bool, why: String) async throws {
        try await InstanceTestbed.run { bed in
            let host = try bed.hostID()
            try await bed.conductor.hosts.update(
                host, disabled: disabled, reason: "fans", forcedDown: forcedDown)
            let id = try await bed.create([try await bed.port()])
            let failed = try await bed.settled(id, .error)
            #expect(failed.fault?.message == "No valid host was found. \(why)")
            try await bed.conductor.hosts.update(
                host, disabled: false, reason: nil, forcedDown: false)
            try await bed.settled(try await bed.create([try await bed.port()]), .active)
        }
    }

    @Test func withoutHostsThereIsNoPlace() async throws {
        try await InstanceTestbed.run([]) { bed in
            let id = try await bed.create([try await bed.port()])
            let failed = try await bed.settled(id, .error)
            #expect(
                failed.fault?.message
                    == "No valid host was found. There are no compute hosts.")
        }
    }

    @Test(arguments: [(0, 1 << 30, 1), (0, (1 << 30) + 1, 2), (0, 0, 0), (5, 1 << 40, 5)])
    func theDiskIsTheFlavorsOrTheImages(diskGiB: Int, bytes: Int, expected: Int) async throws {
        try await InstanceTestbed.run([]) { bed in
            var flavor = InstanceTestbed.flavor
            flavor.diskGiB = diskGiB
            var image = bed.image
            image.virtualSizeBytes = Int64(bytes)
            let request = try bed.conductor.placements.request(
                for: Self.instance(flavor), ports: [], image: image, bed.documents.snapshot())
            #expect(request.capacity.diskGiB == expected)
            #expect(request.capacity.vcpus == 1)
            #expect(request.capacity.memoryMiB == 64)
            #expect(request.devices.isEmpty)
        }
    }

    @Test func onlyMACsThatAUserChoseAreRequired() async throws {
        try await InstanceTestbed.run([]) { bed in
            let usual = try await bed.port()
            let chosen = try await bed.port { $0.macAddress = MACAddress("02:00:00:00:00:09") }
            let normal = try await bed.port { $0.vnicType = .normal }
            let request = try bed.conductor.placements.request(
                for: Self.instance(InstanceTestbed.flavor), ports: [usual, chosen, normal],
                image: nil, bed.documents.snapshot())
            #expect(
                request.devices == [
                    DeviceRequest(
                        portID: usual.id, kind: .vdpa, physicalNetwork: "physnet1",
                        requiredMAC: nil),
                    DeviceRequest(
                        portID: chosen.id, kind: .vdpa, physicalNetwork: "physnet1",
                        requiredMAC: "02:00:00:00:00:09"),
                ])
        }
    }

    private static func instance(_ flavor: Flavor) -> Instance {
        Instance(
            id: InstanceID("i"), projectID: ProjectID("p"), userID: UserID("u"), name: "n",
            hostname: "n", flavor: flavor, imageID: ImageID("m"), reservationID: "r",
            createdAt: Date(timeIntervalSince1970: 0))
    }
}
