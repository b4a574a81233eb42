import ComputeModel
import Foundation
import Testing

@testable import DeviceTracking

/// A host's devices over several scans: cards `A` and `B`, each a PF with VFs.
struct DriftHost {
    static let start = Date(timeIntervalSince1970: 1_000_000)

    var memory = DeviceMemory()
    var owners: [DeviceID: InstanceID] = [:]
    var now = DriftHost.start
    private var offered: [Device] = []
    private var hidden: [Device] = []

    static func address(_ text: String) throws -> PCIAddress {
        try #require(PCIAddress(text))
    }

    /// A PF at `bus`, and its VFs: `vdpa` ones carry a vDPA device `vdpaN`.
    static func card(
        _ id: String, bus: String, vfs: Int = 2, vdpa: Set<Int> = [0, 1], product: String = "101d"
    ) throws -> [Device] {
        let parent = try address("0000:\(bus):00.0")
        let pf = Device(
            id: DeviceID(id), kind: .pf, address: parent, vendorID: "15b3", productID: product)
        let functions = try (0..<vfs).map { index in
            let isVDPA = vdpa.contains(index)
            var device = Device(
                id: DeviceID("\(id)/vf\(index)" + (isVDPA ? "/vdpa\(index)" : "")),
                kind: isVDPA ? .vdpa : .vf,
                address: try address("0000:\(bus):0\((index + 1) / 8).\((index + 1) % 8)"),
                vendorID: "15b3", productID: "101e")
            device.parentAddress = parent
            device.parentID = pf.id
            device.vfIndex = index
            device.vdpaName = isVDPA ? "vdpa\(index)" : nil
            return device
        }
        return [pf] + functions
    }

    /// One scan; what it leaves to say.
    mutating func scan(
        _ offered: [Device], hidden: [Device] = [], after seconds: TimeInterval = 60
    ) -> [HostCondition] {
        now += seconds
        self.offered = offered
        self.hidden = hidden
        memory.observe(offered + hidden, owned: Set(owners.keys), at: now)
        return conditions
    }

    /// The same devices, with other owners.
    var conditions: [HostCondition] {
        DeviceDrift(memory: memory, offered: offered, notOffered: hidden, owners: owners)
            .conditions
    }
}

@Suite("drift of a host's devices")
struct DeviceDriftTests {
    private let owned = DeviceID("A/vf1/vdpa1")
    private let guest = InstanceID("guest")

    private func codes(_ conditions: [HostCondition]) -> [String] { conditions.map(\.code) }

    @Test("nothing changed, nothing to say; nor at the first look")
    func quiet() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        let devices = try DriftHost.card("A", bus: "06")
        #expect(host.scan(devices).isEmpty)
        let memory = host.memory
        #expect(host.scan(devices).isEmpty)
        #expect(host.memory == memory)
        #expect(host.scan(devices.reversed()).isEmpty)
        #expect(host.memory == memory)
    }

    @Test("an owned device that vanished is told of until it is back, or owned no more")
    func vanished() throws {
        var host = DriftHost()
        let devices = try DriftHost.card("A", bus: "06")
        _ = host.scan(devices)
        let left = devices.filter { $0.id != owned }
        #expect(host.scan(left).isEmpty)
        host.owners = [owned: guest]
        let conditions = host.conditions
        #expect(codes(conditions) == ["device-vanished"])
        #expect(conditions.allSatisfy { !$0.blocksVDPA })
        for part in ["A/vf1/vdpa1", "guest", "0000:06:00.2"] {
            #expect(conditions.first?.message.contains(part) == true)
        }
        // Weeks later it is still owned, and away.
        #expect(codes(host.scan(left, after: 90 * 86_400)) == ["device-vanished"])
        #expect(host.scan(devices).isEmpty)
        #expect(codes(host.scan(left)) == ["device-vanished"])
        host.owners = [:]
        #expect(host.conditions.isEmpty)
    }

    @Test("an owned device that was never seen is away, too")
    func neverSeen() throws {
        var host = DriftHost()
        host.owners = [DeviceID("X/vf0/vdpa0"): guest]
        #expect(codes(host.scan(try DriftHost.card("A", bus: "06"))) == ["device-vanished"])
    }

    @Test("an owned device that device_spec doesn't offer any more is there")
    func notOffered() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        let devices = try DriftHost.card("A", bus: "06")
        _ = host.scan(devices)
        let conditions = host.scan(
            devices.filter { $0.id != owned }, hidden: devices.filter { $0.id == owned })
        #expect(codes(conditions) == ["device-not-offered"])
        #expect(host.scan(devices).isEmpty)
    }

    @Test("a vDPA device that is deleted leaves a plain VF, and is itself when made again")
    func retypedToVF() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        _ = host.scan(try DriftHost.card("A", bus: "06"))
        let conditions = host.scan(try DriftHost.card("A", bus: "06", vdpa: [0]))
        #expect(codes(conditions) == ["device-vanished", "device-retyped"])
        #expect(conditions[0].message.contains("a VF without vDPA device is now"))
        #expect(conditions[1].message.hasPrefix("VF 1 of A: without a vDPA device now."))
        #expect(host.scan(try DriftHost.card("A", bus: "06")).isEmpty)
    }

    @Test("a VF whose vDPA device comes late is told of for a day")
    func retypedToVDPA() throws {
        var host = DriftHost()
        _ = host.scan(try DriftHost.card("A", bus: "06", vfs: 12, vdpa: []))
        let late = try DriftHost.card("A", bus: "06", vfs: 12, vdpa: Set(0..<12))
        let conditions = host.scan(late)
        #expect(codes(conditions) == ["device-retyped"])
        #expect(
            conditions[0].message
                == "VF 0, 1, 2, 3, 4, 5, 6, 7 and 4 more of A: with a vDPA device now, and without"
                + " one before.")
        #expect(codes(host.scan(late, after: 86_000)) == ["device-retyped"])
        #expect(host.scan(late, after: 400).isEmpty)
    }

    @Test("over a boot: nothing, then VFs, then vDPA devices; at the end all is as before")
    func boot() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        let devices = try DriftHost.card("A", bus: "06")
        _ = host.scan(devices)
        #expect(codes(host.scan([])) == ["device-vanished"])
        #expect(codes(host.scan([devices[0]])) == ["device-vanished"])
        #expect(
            codes(host.scan(try DriftHost.card("A", bus: "06", vdpa: [])))
                == ["device-vanished", "device-retyped"])
        #expect(host.scan(devices).isEmpty)
        #expect(host.memory.notes.isEmpty)
    }

    @Test("a card that moves, with all on it, is one condition; back again, none")
    func moved() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        let before = try DriftHost.card("A", bus: "06")
        let after = try DriftHost.card("A", bus: "07")
        _ = host.scan(before)
        let conditions = host.scan(after)
        #expect(codes(conditions) == ["device-moved"])
        #expect(
            conditions[0].message.hasPrefix(
                "Device A moved from 0000:06:00.0 to 0000:07:00.0, and 2 more of its card"))
        #expect(codes(host.scan(try DriftHost.card("A", bus: "08"))) == ["device-moved"])
        #expect(host.conditions[0].message.contains("from 0000:06:00.0 to 0000:08:00.0"))
        // While it is away nobody can say where it is.
        #expect(codes(host.scan([])) == ["device-vanished"])
        #expect(host.scan(before).isEmpty)
        #expect(host.memory.notes.isEmpty)
        #expect(codes(host.scan(after)) == ["device-moved"])
        #expect(host.scan(after, after: 86_500).isEmpty)
    }

    @Test("two cards that changed places over a reboot keep their devices' identities")
    func swapped() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        let before = try DriftHost.card("A", bus: "06") + DriftHost.card("B", bus: "07")
        let after = try DriftHost.card("A", bus: "07") + DriftHost.card("B", bus: "06")
        _ = host.scan(before)
        let conditions = host.scan(after)
        #expect(
            codes(conditions) == ["device-moved", "device-moved", "card-swapped", "card-swapped"])
        #expect(
            conditions[2].message.hasPrefix(
                "At 0000:06:00.0 is card B (15b3:101d) now, where card A (15b3:101d) was, which is"
                    + " at 0000:07:00.0."))
        #expect(conditions.allSatisfy { !$0.blocksVDPA })
        #expect(host.scan(before).isEmpty)
    }

    @Test("a card that was replaced, while its guest's device is gone")
    func replaced() throws {
        var host = DriftHost()
        host.owners = [owned: guest]
        _ = host.scan(try DriftHost.card("A", bus: "06"))
        _ = host.scan([])
        let conditions = host.scan(try DriftHost.card("C", bus: "06"))
        #expect(codes(conditions) == ["device-vanished", "card-swapped"])
        #expect(conditions[1].message.contains("is card C (15b3:101d) now, where card A"))
    }

    @Test(
        "a card that says otherwise who it is keeps guests away while a guest has a device of it",
        arguments: [
            ("52:54:01:00:01:00", "pci-0000:06:00.0"), ("pci-0000:06:00.0", "MT2115.0"),
            ("MT2115.0", "52:54:01:00:01:00"),
        ])
    func renamedCard(before: String, after: String) throws {
        var host = DriftHost()
        host.owners = [DeviceID("\(before)/vf1/vdpa1"): guest]
        _ = host.scan(try DriftHost.card(before, bus: "06"))
        let renamed = try DriftHost.card(after, bus: "06")
        #expect(host.scan(renamed).contains { $0.code == "card-swapped" && $0.blocksVDPA })
        // It blocks for as long as it is true, beyond the time of a notice.
        let later = host.scan(renamed, after: 3 * 24 * 3_600)
        #expect(later.contains { $0.code == "card-swapped" && $0.blocksVDPA })
        host.owners = [:]
        #expect(!host.conditions.contains { $0.blocksVDPA })
        let back = try DriftHost.card(before, bus: "06")
        #expect(host.scan(back).isEmpty)
    }

    @Test("before the first assignments nothing is forgotten, and a hazard counts")
    func unknownOwners() throws {
        var host = DriftHost()
        host.owners = [DeviceID("MT1.0/vf1/vdpa1"): guest]
        _ = host.scan(try DriftHost.card("MT1.0", bus: "06"))
        let renamed = try DriftHost.card("pci-0000:06:00.0", bus: "06")
        _ = host.scan(renamed)
        host.memory.observe(renamed, owned: nil, at: host.now + 90 * 24 * 3_600)
        let unknown = DeviceDrift(
            memory: host.memory, offered: renamed, notOffered: [], owners: [:],
            areOwnersKnown: false)
        #expect(unknown.conditions.contains { $0.blocksVDPA })
        #expect(host.memory.sightings.contains { $0.id == DeviceID("MT1.0/vf1/vdpa1") })
    }

    @Test("only a swap that identities don't show keeps guests away, and only owned ones")
    func hazard() throws {
        let anonymous = "pci-0000:06:00.0"
        let before = try DriftHost.card(anonymous, bus: "06")
        let after = try DriftHost.card(anonymous, bus: "06", product: "1572")
        var host = DriftHost()
        _ = host.scan(before)
        let unowned = host.scan(after)
        #expect(codes(unowned) == ["card-swapped"])
        #expect(unowned.allSatisfy { !$0.blocksVDPA })
        host.owners = [DeviceID("\(anonymous)/vf0/vdpa0"): guest]
        #expect(host.conditions.map(\.blocksVDPA) == [true])
        // It doesn't pass with time, but with its cause.
        #expect(host.scan(after, after: 90 * 86_400).map(\.blocksVDPA) == [true])
        #expect(host.scan(before).isEmpty)
        _ = host.scan(after)
        host.owners = [:]
        #expect(host.scan(after, after: 86_500).isEmpty)
    }

    @Test("conditions are bounded")
    func bounded() throws {
        var host = DriftHost()
        for number in 0..<100 { host.owners[DeviceID("X/vf\(number)/vdpa\(number)")] = guest }
        let conditions = host.scan([])
        #expect(conditions.count == DeviceDrift.conditionsPerCodeMax)
        #expect(conditions.last?.message == "This is so in 69 more cases.")
    }
}
