import ComputeModel
import DeviceTracking
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import VDPA

@Suite("what devices can do, and what functions are")
struct DeviceFactsTests {
    private static let multiqueue: UInt64 = 1 << 22

    @Test(
        "pairs of queues",
        arguments: [
            (8, multiqueue, 17, 8), (8, nil, nil, 8), (nil, 0x23, 17, 1),
            (nil, multiqueue, 17, 8), (nil, nil, 3, 1), (nil, nil, 2, 1), (nil, nil, 1, 1),
            (nil, nil, nil, nil),
        ] as [(UInt16?, UInt64?, UInt32?, Int?)])
    func queuePairs(
        _ pairs: UInt16?, _ features: UInt64?, _ queues: UInt32?, _ expected: Int?
    ) {
        var sources = DeviceSources()
        sources.vdpaConfigs["v"] = .success(
            FakeHost.config("v", macAddress: nil, queuePairs: pairs, features: features))
        sources.vdpaFacts["v"] = queues.map {
            .init(
                name: "v", managementDevice: "pci/0000:01:00.1", virtioDeviceID: 1,
                vendorID: 0x1af4, queueCountMax: $0, queueSizeMax: 256)
        }
        let known = sources.capabilities(of: "v", driver: "mlx5_core", uplink: nil)
        #expect(known?.queuePairsMax == expected)
    }

    @Test("features are the device's own, or its management device's on old kernels")
    func features() {
        var sources = DeviceSources()
        sources.vdpaFacts["v"] = .init(
            name: "v", managementDevice: "pci/0000:01:00.1", virtioDeviceID: 1, vendorID: 0x1af4,
            queueCountMax: 3, queueSizeMax: nil)
        sources.managementDevices["pci/0000:01:00.1"] = .init(
            name: "pci/0000:01:00.1", virtioDeviceIDs: 2, queueCountMax: 3, features: 1 << 5 | 1)
        let old = sources.capabilities(of: "v", driver: nil, uplink: nil)
        #expect(old?.features == ["csum", "mac"])
        sources.vdpaConfigs["v"] = .success(
            FakeHost.config("v", macAddress: nil, mtuBytes: 9_000, features: 1 << 34))
        let new = sources.capabilities(of: "v", driver: nil, uplink: nil)
        #expect(new?.features == ["packed_ring"])
        #expect(new?.mtuMaxBytes == 9_000)
        #expect(DeviceSources().capabilities(of: "v", driver: nil, uplink: nil) == nil)
    }

    @Test(
        "migration with the device attached",
        arguments: [
            ("mlx5_core", "mlx5_core", true), ("vp-vdpa", "vp_vdpa", false),
            ("eni-vdpa", "eni_vdpa", false), ("ifcvf", "ifcvf", nil),
            ("pds_core", "pds_core", nil), ("octep_vdpa", "octep_vdpa", nil),
            ("snet-vdpa-driver", "snet_vdpa_driver", nil),
        ] as [(String, String, Bool?)])
    func migration(_ bound: String, _ driver: String, _ expected: Bool?) async throws {
        var host = FakeHost()
        host.cards[0].pciDriver = bound
        host.cards[0].uplinkSpeed = "100000"
        let made = host
        try await TemporaryFolder.use { folder in
            let devices = try made.assembly(folder).scan().devices.filter { $0.kind == .vdpa }
            #expect(devices.count == 3)
            for device in devices {
                #expect(device.capabilities?.driver == driver)
                #expect(device.capabilities?.transparentMigration == expected)
                #expect(device.capabilities?.linkSpeedMbps == 100_000)
            }
        }
    }

    @Test(
        "drivers of software devices",
        arguments: [("vdpasim_net", "vdpa_sim", true), ("vduse", "vduse", nil)]
            as [(String, String, Bool?)])
    func software(_ parent: String, _ driver: String, _ isMigratable: Bool?) async throws {
        let host = FakeHost(softwareDevices: ["soft0": parent])
        try await TemporaryFolder.use { folder in
            let devices = try host.assembly(folder) {
                $0.deviceSpec.softwareDevices = ["soft0"]
            }.devices.map(\.device)
            let soft = try #require(devices.first { $0.vdpaName == "soft0" })
            #expect(soft.capabilities?.driver == driver)
            #expect(soft.capabilities?.transparentMigration == isMigratable)
        }
    }

    @Test("netdevs, and the card's serial number on all that is on it")
    func cardFacts() async throws {
        var host = FakeHost()
        host.cards[0].vdpaIndexes = [1]
        host.cards[0].serialNumber = " MT2116X  12345 "
        let made = host
        try await TemporaryFolder.use { folder in
            let scan = try made.assembly(
                folder,
                sources: { sources in
                    guard let own = PCIFunction.Address("0000:01:00.1") else { return }
                    sources.interfaces.append(
                        .init(
                            name: "vf0net", macAddress: "52:54:01:00:01:99", switchID: nil,
                            portName: nil, pciAddress: own))
                }
            ).scan()
            #expect(scan.devices.map(\.kind) == [.pf, .vf, .vdpa, .vf])
            #expect(scan.devices.map(\.cardSerial) == Array(repeating: "MT2116X 12345", count: 4))
            #expect(scan.devices.map(\.interfaceName) == ["pf0", "vf0net", nil, nil])
            #expect(scan.devices[0].capabilities?.driver == "virtio_pci")
            #expect(scan.devices[1].capabilities?.transparentMigration == nil)
        }
    }

    @Test("functions that are neither PF nor VF are offered only by device_spec")
    func plainFunctions() async throws {
        var host = FakeHost()
        host.plainFunctions = [
            "0000:0a:00.0": "GPU1", "0000:0a:00.1": "", "0000:0b:00.0": "TWIN",
            "0000:0c:00.0": "TWIN",
        ]
        let made = host
        try await TemporaryFolder.use { folder in
            let everything = try made.assembly(folder).scan()
            let functions = everything.devices.filter { $0.kind == .pci }
            #expect(
                functions.map(\.id.text) == [
                    "GPU1.0", "pci-0000:0a:00.1", "pci-0000:0b:00.0", "pci-0000:0c:00.0",
                ])
            #expect(functions[0].cardSerial == "GPU1")
            #expect(
                everything.conditions.map(\.code)
                    == Array(repeating: "device-identity-by-address", count: 3))
        }
        try await TemporaryFolder.use { folder in
            let cards = try made.assembly(folder) {
                var entry = DeviceSpecEntry()
                entry.productID = "1041"
                $0.deviceSpec = DeviceSpec(entries: [entry])
            }.scan()
            #expect(cards.devices.allSatisfy { $0.kind != .pci })
            #expect(cards.conditions.isEmpty && cards.notOffered.isEmpty)
        }
    }

    @Test("what is not offered is told apart from what isn't there")
    func notOffered() async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(folder) {
                var entry = DeviceSpecEntry()
                entry.address = PCIAddress("0000:01:00.2")
                $0.deviceSpec = DeviceSpec(entries: [entry])
            }.scan()
            #expect(scan.devices.map(\.vdpaName) == ["vdpa1"])
            #expect(scan.notOffered.map(\.vdpaName) == [nil, "vdpa0", "vdpa2"])
        }
    }

    @Test("a VF is no plain VF while it carries a vDPA device, also one that can't be read")
    func neverBoth() async throws {
        var host = FakeHost()
        host.cards[0].unlinkedIndex = 1
        let made = host
        try await TemporaryFolder.use { folder in
            let scan = try made.assembly(folder).scan()
            #expect(scan.devices.map(\.kind) == [.pf, .vdpa, .vdpa])
            #expect(scan.conditions.map(\.code) == ["vdpa-device-unreadable"])
        }
    }

    @Test("a devname finds its card, and is missed when the netdev has another name")
    func devname() async throws {
        for (name, count, codes) in [("pf0", 4, []), ("ens1", 0, ["devname-missing"])] {
            try await TemporaryFolder.use { folder in
                let scan = try FakeHost().assembly(folder) {
                    var entry = DeviceSpecEntry()
                    entry.place = .interface(name)
                    $0.deviceSpec = DeviceSpec(entries: [entry])
                }.scan()
                #expect(scan.devices.count == count)
                #expect(scan.conditions.map(\.code) == codes)
            }
        }
    }

    @Test("representors don't stand for their PF")
    func representors() {
        var sources = DeviceSources()
        let pf = PCIFunction.Address("0000:06:00.0")
        for (name, port) in [("p0", "p0"), ("rep", "pf0vf1")] {
            sources.interfaces.append(
                .init(
                    name: name, macAddress: nil, switchID: "ab", portName: PortName(port),
                    pciAddress: pf))
        }
        #expect(sources.interfaceAddresses == ["p0": PCIAddress("0000:06:00.0")])
    }
}
