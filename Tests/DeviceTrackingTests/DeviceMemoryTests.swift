import ComputeModel
import Foundation
import Testing

@testable import DeviceTracking

@Suite("what an agent remembers of devices")
struct DeviceMemoryTests {
    @Test("survives JSON, with notes of every kind")
    func coding() throws {
        var host = DriftHost()
        _ = host.scan(try DriftHost.card("A", bus: "06") + DriftHost.card("B", bus: "07"))
        _ = host.scan(
            try DriftHost.card("A", bus: "07", vdpa: [0]) + DriftHost.card("B", bus: "06"))
        #expect(host.memory.notes.count == 8)
        let data = try JSONEncoder().encode(host.memory)
        #expect(try JSONDecoder().decode(DeviceMemory.self, from: data) == host.memory)
    }

    @Test("a VF that is listed beside its vDPA device is no change")
    func both() throws {
        var host = DriftHost()
        let vdpa = try DriftHost.card("A", bus: "06")
        let plain = try DriftHost.card("A", bus: "06", vdpa: [])
        #expect(host.scan(vdpa).isEmpty)
        #expect(host.scan(vdpa + plain.dropFirst()).isEmpty)
        #expect(host.scan(vdpa).isEmpty)
    }

    @Test("software devices don't move: their addresses are numbers")
    func software() throws {
        var host = DriftHost()
        let device = Device(
            id: DeviceID("software/vduse/v0"), kind: .vdpa,
            address: try DriftHost.address("ffff:00:01.0"), vendorID: "0000", productID: "0000")
        var renumbered = device
        renumbered.address = try DriftHost.address("ffff:00:02.0")
        _ = host.scan([device])
        #expect(host.scan([renumbered]).isEmpty)
    }

    @Test("what is away is forgotten after a month, unless it is owned")
    func forgetting() throws {
        var host = DriftHost()
        host.owners = [DeviceID("A/vf0/vdpa0"): InstanceID("guest")]
        _ = host.scan(try DriftHost.card("A", bus: "06"))
        _ = host.scan([])
        #expect(host.memory.sightings.count == 3)
        #expect(host.memory.sightings.allSatisfy { $0.absentSince == host.now })
        _ = host.scan([], after: 31 * 86_400)
        #expect(host.memory.sightings.map(\.id.text) == ["A/vf0/vdpa0"])
    }

    @Test("what is away is bounded, and the newest is kept")
    func bounded() throws {
        var host = DriftHost()
        let functions = (0..<DeviceMemory.Limits.absentMax + 10).compactMap { number in
            PCIAddress(
                domain: UInt16(number >> 8), bus: UInt8(number & 0xff), slot: 0, function: 0
            ).map {
                Device(
                    id: DeviceID("\(number)"), kind: .pci, address: $0, vendorID: "15b3",
                    productID: "101d")
            }
        }
        _ = host.scan(functions)
        _ = host.scan(Array(functions.prefix(5)))
        _ = host.scan([])
        #expect(host.memory.sightings.count == DeviceMemory.Limits.absentMax)
        let ids = Set(host.memory.sightings.map(\.id.text))
        #expect(ids.isSuperset(of: ["0", "1", "2", "3", "4"]))
    }

    @Test("the order of a scan doesn't matter, nor do devices that come twice")
    func order() throws {
        let first = try DriftHost.card("A", bus: "06") + DriftHost.card("B", bus: "07")
        let second = try DriftHost.card("B", bus: "06") + DriftHost.card("A", bus: "07")
        var one = DriftHost()
        _ = one.scan(first)
        let conditions = one.scan(second)
        var two = DriftHost()
        _ = two.scan(first.reversed())
        #expect(two.scan(second.reversed() + second.reversed()) == conditions)
        #expect(one.memory == two.memory)
    }
}
