import ComputeModel
import DeviceTracking
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt
@testable import VDPA

@Suite("devices from what libvirt, sysfs and netlink say")
struct DeviceAssemblyTests {
    @Test("the lab's host: one PF and three vDPA devices, nothing else")
    func labHost() async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(folder).scan()
            #expect(scan.conditions.isEmpty)
            #expect(scan.devices.map(\.kind) == [.pf, .vdpa, .vdpa, .vdpa])
            let pf = try #require(scan.devices.first)
            #expect(pf.id.text == "52:54:01:00:01:00")
            #expect(pf.address == PCIAddress("0000:01:00.0"))
            #expect(pf.macAddress == "52:54:01:00:01:00")
            #expect((pf.vendorID, pf.productID) == ("1af4", "1041"))
            for (index, device) in scan.devices.dropFirst().enumerated() {
                #expect(device.id.text == "52:54:01:00:01:00/vf\(index)/vdpa\(index)")
                #expect(device.address == PCIAddress("0000:01:00.\(index + 1)"))
                #expect(device.parentAddress == pf.address)
                #expect(device.parentID == pf.id)
                #expect(device.vfIndex == index)
                #expect((device.vendorID, device.productID) == ("1af4", "1041"))
                #expect(device.vdpaName == "vdpa\(index)")
                #expect(device.macAddress == "52:54:01:00:01:0\(index + 1)")
                #expect(device.representor == "rep\(index)")
                #expect(!device.macSettable)
                #expect(device.numaNode == nil)
                #expect(device.problems.isEmpty)
            }
        }
    }

    @Test("identities survive another slot, and other numbers of nothing but the address")
    func moved() async throws {
        var moved = FakeHost()
        moved.cards[0].bus = "3b"
        let host = moved
        try await TemporaryFolder.use { folder in
            let devices = try host.assembly(folder) {
                $0.representors = [:]
            }.devices.map(\.device)
            #expect(devices.map(\.address.description).allSatisfy { $0.hasPrefix("0000:3b:") })
            #expect(
                devices.map(\.id.text) == [
                    "52:54:01:00:01:00", "52:54:01:00:01:00/vf0/vdpa0",
                    "52:54:01:00:01:00/vf1/vdpa1", "52:54:01:00:01:00/vf2/vdpa2",
                ])
        }
    }

    @Test(
        "where a PF's identity comes from",
        arguments: [
            ("MT2116X12345", "0c:42:a1:00:00:01", "MT2116X12345.0", true),
            (" ab/c 1 ", nil, "ab_c_1.0", true),
            ("0000000000", "0c:42:a1:00:00:01", "0c:42:a1:00:00:01", true),
            (nil, "0c:42:a1:00:00:01", "0c:42:a1:00:00:01", true),
            (nil, nil, "pci-0000:01:00.0", false),
            ("--", nil, "pci-0000:01:00.0", false),
        ] as [(String?, String?, String, Bool)])
    func identity(_ serial: String?, _ mac: String?, _ expected: String, isStable: Bool)
        async throws
    {
        var host = FakeHost()
        host.cards[0].serialNumber = serial
        host.cards[0].permanentMAC = mac
        let made = host
        try await TemporaryFolder.use { folder in
            let scan = try made.assembly(folder).scan()
            #expect(scan.devices.first?.id.text == expected)
            #expect(scan.devices.last?.id.text == expected + "/vf2/vdpa2")
            #expect(
                scan.conditions.map(\.code) == (isStable ? [] : ["device-identity-by-address"]))
        }
    }

    @Test("two cards with the same identity are told apart, loudly")
    func twins() async throws {
        var host = FakeHost()
        var twin = FakeHost.Card()
        twin.bus = "02"
        twin.uplinkName = "pf1"
        twin.firstDevice = 3
        host.cards.append(twin)
        let made = host
        try await TemporaryFolder.use { folder in
            let scan = try made.assembly(folder).scan()
            #expect(Set(scan.devices.map(\.id)).count == 8)
            #expect(scan.devices.first?.id.text == "pci-0000:01:00.0")
            #expect(
                scan.conditions.map(\.code) == [
                    "device-identity-by-address", "device-identity-by-address",
                ])
        }
    }

    @Test(
        "representors",
        arguments: [
            ([0: "rep0"], [:], ["rep0", nil, nil]),
            ([0: "gone"], [:], [nil, nil, nil]),
            (
                [:], ["eth0": "pf0vf0", "eth1": "pf0vf1", "eth2": "pf0vf2"],
                ["eth0", "eth1", "eth2"]
            ),
            ([1: "rep1"], ["eth0": "pf0vf0", "eth1": "pf0vf1"], ["eth0", "rep1", nil]),
            ([:], ["eth0": "vf0", "eth1": "pf0vf0"], [nil, nil, nil]),
        ] as [([Int: String], [String: String], [String?])])
    func representors(
        _ configured: [Int: String], _ portNames: [String: String], _ expected: [String?]
    ) async throws {
        var host = FakeHost()
        host.cards[0].portNames = portNames
        let made = host
        try await TemporaryFolder.use { folder in
            let scan = try made.assembly(folder) { configuration in
                guard let pf = PCIAddress("0000:01:00.0") else { return }
                configuration.representors = [pf: configured]
            }.scan()
            let devices = scan.devices.filter { $0.kind == .vdpa }
            #expect(devices.map(\.representor) == expected)
            #expect(devices.map(\.problems.count) == expected.map { $0 == nil ? 1 : 0 })
        }
    }

    @Test(
        "drivers that no guest can use",
        arguments: [
            ("virtio_vdpa", true), (nil, true), ("other", true), ("vhost_vdpa", false),
        ] as [(String?, Bool)])
    func driver(_ driver: String?, hasCharacterDevice: Bool) async throws {
        var host = FakeHost()
        host.cards[0].vdpaDriver = driver
        host.cards[0].hasCharacterDevices = hasCharacterDevice
        let made = host
        try await TemporaryFolder.use { folder in
            let devices = try made.assembly(folder).scan().devices.filter { $0.kind == .vdpa }
            #expect(devices.count == 3)
            #expect(devices.allSatisfy { $0.problems.count == 1 })
            #expect(devices[0].id.text == "52:54:01:00:01:00/vf0/vdpa0")
        }
    }

    @Test("a VF without a vDPA device is a plain VF")
    func plainVirtualFunctions() async throws {
        var host = FakeHost()
        host.cards[0].vdpaIndexes = [1]
        let made = host
        try await TemporaryFolder.use { folder in
            let devices = try made.assembly(folder).scan().devices
            #expect(devices.map(\.kind) == [.pf, .vf, .vdpa, .vf])
            #expect(devices[1].id.text == "52:54:01:00:01:00/vf0")
            #expect(devices[1].vfIndex == 0)
            #expect(devices[1].parentID == devices[0].id)
            #expect(devices[1].problems.isEmpty)
        }
    }

    @Test("software devices are refused unless named")
    func softwareDevices() async throws {
        let host = FakeHost(
            softwareDevices: ["vdpasim0": "vdpasim_net", "vduse7": "vduse"])
        try await TemporaryFolder.use { folder in
            let scan = try host.assembly(folder) {
                $0.deviceSpec.softwareDevices = ["vduse7", "nosuch"]
                $0.softwareRepresentors = ["vduse7": "tap7"]
            }.scan()
            #expect(
                scan.conditions.map(\.code)
                    == ["vdpa-device-left-out", "software-device-missing"])
            #expect(scan.conditions[0].message.contains("vdpasim0"))
            #expect(scan.conditions[1].message.contains("nosuch"))
            let software = try #require(scan.devices.last)
            #expect(software.id.text == "software/vduse/vduse7")
            #expect(software.kind == .vdpa)
            #expect(software.representor == "tap7")
            #expect(software.problems.isEmpty)
            #expect(scan.devices.count == 5)
        }
    }

    @Test("what is offered, with which tag")
    func offers() async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(folder) {
                var first = DeviceSpecEntry()
                first.address = PCIAddress("0000:01:00.2")
                first.physicalNetwork = "physnet1"
                var second = DeviceSpecEntry()
                second.vendorID = "15b3"
                $0.deviceSpec = DeviceSpec(entries: [first, second])
                if let elsewhere = PCIAddress("0000:99:00.0") {
                    $0.representors[elsewhere] = [0: "x"]
                }
            }.scan()
            #expect(scan.devices.map(\.vdpaName) == ["vdpa1"])
            #expect(scan.devices.map(\.physicalNetwork) == ["physnet1"])
            #expect(scan.conditions.map(\.code) == ["device-spec-idle", "representors-idle"])
        }
    }

    @Test(
        "a MAC that can't be told is a problem",
        arguments: [
            nil, .success(FakeHost.config("vdpa1", macAddress: nil)),
            .failure(.refused(operation: "read config", errno: 11)),
        ] as [Result<VDPANetlink.Config, VDPAError>?])
    func unknownMAC(_ answer: Result<VDPANetlink.Config, VDPAError>?) async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(
                folder, sources: { $0.vdpaConfigs["vdpa1"] = answer }
            ).scan()
            #expect(scan.devices.map(\.problems.count) == [0, 0, 1, 0])
            #expect(scan.devices[2].macAddress == nil)
        }
    }

    @Test("what can't be read becomes a condition, and the rest is there")
    func unreadable() async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(
                folder,
                sources: {
                    $0.unreadableFunctions = [("pci_0000_02_00_0", "it is no XML")]
                    $0.unreadableVDPADevices = [
                        .init(name: "vdpa9", error: .noDevice("vdpa9"), function: nil)
                    ]
                }
            ).scan()
            #expect(scan.devices.count == 4)
            #expect(scan.conditions.map(\.code) == ["device-unreadable", "vdpa-device-unreadable"])
        }
    }

    @Test("a vDPA device whose PF libvirt doesn't know is left out")
    func unknownPhysicalFunction() async throws {
        try await TemporaryFolder.use { folder in
            let scan = try FakeHost().assembly(folder, sources: { $0.functions = [] }).scan()
            #expect(scan.devices.isEmpty)
            #expect(scan.conditions.count { $0.code == "vdpa-device-left-out" } == 3)
        }
    }
}
