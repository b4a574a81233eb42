import Foundation
import Testing
import VDPA

@Suite("vDPA devices in sysfs")
struct SysfsTests {
    @Test("an mlx5 card in switchdev mode")
    func mlx5() throws {
        let host = try FakeSysfs.mlx5()
        let inventory = try host.tree.vdpaDevices()
        #expect(inventory.unreadable.isEmpty)
        #expect(inventory.devices.map(\.name) == ["vdpa0", "vdpa1"])
        #expect(inventory.devices.map(\.driver) == [.vhost, .vhost])
        #expect(
            inventory.devices.map { $0.characterDevice?.path }
                == ["/dev/vhost-vdpa-1", "/dev/vhost-vdpa-0"])
        #expect(inventory.devices[0].characterDevice?.major == 511)
        #expect(inventory.devices[0].characterDevice?.minor == 1)
        guard case .virtualFunction(let function) = inventory.devices[1].parent else {
            Issue.record("not a virtual function: \(inventory.devices[1].parent)")
            return
        }
        #expect(function.index == 1)
        #expect(function.function.address.description == "0000:06:00.3")
        #expect(function.function.vendorID == 0x15B3)
        #expect(function.function.deviceID == 0x101E)
        #expect(function.function.numaNode == 1)
        #expect(function.function.driver == "mlx5_core")
        #expect(function.function.iommuGroup == 21)
        #expect(function.physicalFunction.address.description == "0000:06:00.0")
        #expect(function.physicalFunction.deviceID == 0x101D)
    }

    @Test("a virtio card without switchdev")
    func virtio() throws {
        let host = try FakeSysfs.virtio()
        let devices = try host.tree.vdpaDevices().devices
        #expect(devices.count == 3)
        let indexes = devices.map { device -> Int? in
            guard case .virtualFunction(let function) = device.parent else { return nil }
            #expect(function.function.numaNode == nil)
            #expect(function.function.driver == "vp-vdpa")
            return function.index
        }
        #expect(indexes == [0, 1, 2])
        let physical = try #require(PCIFunction.Address("0000:01:00.0"))
        #expect(try host.tree.networkInterfaceNames(of: physical) == ["eth5"])
        let interfaces = try host.tree.networkInterfaces()
        #expect(interfaces.map(\.name) == ["eth5", "lo"])
        #expect(interfaces.map(\.macAddress) == ["52:54:01:00:00:01", nil])
        #expect(interfaces[0].pciAddress == physical)
        let uplink = Representors.uplink(of: physical, among: interfaces)
        #expect(uplink?.macAddress == "52:54:01:00:00:01")
        #expect(
            try Representors.representor(ofVirtualFunction: 1, of: physical, among: interfaces)
                == nil)
    }

    @Test("software devices have no PCI function behind them")
    func software() throws {
        let host = try FakeSysfs()
        try host.vdpaDevice("sim0", parent: "devices/vdpasim_net", driver: "vhost_vdpa")
        try host.vdpaDevice("use0", parent: "devices/virtual/vduse/use0", driver: "virtio_vdpa")
        try host.vdpaDevice("new0", parent: "devices/vdpasim_net", driver: nil)
        try host.vdpaDevice("odd0", parent: "devices/vdpasim_net", driver: "mine")
        let devices = try host.tree.vdpaDevices().devices
        #expect(devices.map(\.name) == ["new0", "odd0", "sim0", "use0"])
        #expect(
            devices.map(\.parent) == [
                .other(name: "vdpasim_net"), .other(name: "vdpasim_net"),
                .other(name: "vdpasim_net"), .other(name: "use0"),
            ])
        #expect(devices.map(\.driver) == [.none, .other("mine"), .vhost, .virtio])
        #expect(devices.map { $0.characterDevice?.name } == [nil, nil, "vhost-vdpa-0", nil])
    }

    @Test("a vDPA device on a physical function, and on an auxiliary device below one")
    func notVirtual() throws {
        let host = try FakeSysfs()
        try host.pciFunction("0000:06:00.0", vendor: "0x15b3", device: "0x101d")
        let folder = FakeSysfs.pciFolder("0000:06:00.0")
        try host.vdpaDevice("whole", parent: folder, driver: "vhost_vdpa")
        try host.vdpaDevice(
            "scalable", parent: folder + "/mlx5_core.sf.4", driver: "vhost_vdpa", number: 1)
        let devices = try host.tree.vdpaDevices().devices
        #expect(devices.map(\.name) == ["scalable", "whole"])
        #expect(devices[0].parent == .other(name: "mlx5_core.sf.4"))
        guard case .pciFunction(let function) = devices[1].parent else {
            Issue.record("not a PCI function: \(devices[1].parent)")
            return
        }
        #expect(function.driver == nil)
        #expect(function.iommuGroup == nil)
    }

    @Test("a kernel without vDPA has no devices")
    func none() throws {
        let host = try FakeSysfs()
        let inventory = try host.tree.vdpaDevices()
        #expect(inventory.devices.isEmpty && inventory.unreadable.isEmpty)
        #expect(try host.tree.networkInterfaces().isEmpty)
        #expect(try host.tree.networkInterface("eth0") == nil)
    }

    @Test("a device that vanished while it was listed is left out")
    func vanished() throws {
        let host = try FakeSysfs.virtio()
        // What a reader sees that listed the bus just before: a link to nothing.
        try host.remove(FakeSysfs.pciFolder("0000:01:00.2") + "/vdpa1")
        let inventory = try host.tree.vdpaDevices()
        #expect(inventory.devices.map(\.name) == ["vdpa0", "vdpa2"])
        #expect(inventory.unreadable.isEmpty)
        #expect(throws: VDPAError.self) { try host.tree.vdpaDevice("vdpa1") }
    }

    /// What can go missing below a device that is still there: the file or link, and the error.
    static let damages: [(String, Bool)] = [
        ("vendor", true), ("device", true), ("virtfn", true),
        ("vdpa1/vhost-vdpa-1/dev", true), ("numa_node", false), ("driver", false),
        ("iommu_group", false), ("physfn", false), ("vdpa1/vhost-vdpa-1", false),
        ("vdpa1/driver", false),
    ]

    @Test("one damaged device doesn't hide the others", arguments: damages)
    func damaged(path: String, isFatal: Bool) throws {
        let host = try FakeSysfs.virtio()
        let folder = FakeSysfs.pciFolder(path == "virtfn" ? "0000:01:00.0" : "0000:01:00.2")
        try host.remove("\(folder)/\(path == "virtfn" ? "virtfn1" : path)")
        let inventory = try host.tree.vdpaDevices()
        #expect(inventory.devices.map(\.name).contains("vdpa0"))
        #expect(inventory.unreadable.map(\.name) == (isFatal ? ["vdpa1"] : []))
        #expect(inventory.devices.count == (isFatal ? 2 : 3))
    }

    static let nonsense: [(String, String)] = [
        ("vendor", "mellanox"), ("vendor", ""), ("vendor", "0x115b3"), ("device", "-1"),
        ("numa_node", "none"), ("vdpa1/vhost-vdpa-1/dev", "511"),
        ("vdpa1/vhost-vdpa-1/dev", "511:x"), ("vdpa1/vhost-vdpa-1/dev", "1:2:3"),
        ("vdpa1/vhost-vdpa-1/dev", "-1:0"), ("vdpa1/vhost-vdpa-1/dev", "99999999999:0"),
    ]

    @Test("nonsense in a file makes the device unreadable", arguments: nonsense)
    func nonsenseInFile(path: String, text: String) throws {
        let host = try FakeSysfs.virtio()
        try host.file("\(FakeSysfs.pciFolder("0000:01:00.2"))/\(path)", text)
        let inventory = try host.tree.vdpaDevices()
        #expect(inventory.unreadable.map(\.name) == ["vdpa1"])
        guard case .unexpected(_, _, let found)? = inventory.unreadable.first?.error else {
            Issue.record("unexpected \(inventory.unreadable)")
            return
        }
        #expect(found == text)
    }

    @Test(
        "names that would lead out of the folder are not looked up",
        arguments: ["", ".", "..", "../pci", "a/b", "/etc"])
    func names(name: String) throws {
        let host = try FakeSysfs.virtio()
        #expect(throws: VDPAError.self) { try host.tree.vdpaDevice(name) }
        #expect(try host.tree.networkInterface(name) == nil)
    }

    @Test("a file longer than a page is cut, a folder isn't a file")
    func bounds() throws {
        let host = try FakeSysfs()
        let long = String(repeating: "a", count: 3 * SysfsTree.Limits.fileSizeBytesMax)
        try host.networkInterface("eth0", parent: nil, address: "02:00:00:00:00:01")
        try host.file("class/net/eth0/phys_switch_id", long)
        let interface = try #require(try host.tree.networkInterface("eth0"))
        #expect(interface.switchID?.count == SysfsTree.Limits.fileSizeBytesMax)
        try host.folder("class/net/eth1/address")
        #expect(
            throws: VDPAError.unreadable(
                path: host.root.path + "/class/net/eth1/address", errno: EISDIR)
        ) { try host.tree.networkInterface("eth1") }
    }

    @Test("a virtual function's own MAC address, if it has an interface")
    func virtualFunctionMACAddress() throws {
        let host = try FakeSysfs.virtio()
        let address = try #require(PCIFunction.Address("0000:01:00.1"))
        #expect(try host.tree.macAddress(ofVirtualFunction: address) == nil)
        try host.networkInterface(
            "eth6", parent: FakeSysfs.pciFolder("0000:01:00.1"), address: "52:54:01:00:01:0A")
        #expect(
            try host.tree.macAddress(ofVirtualFunction: address) == "52:54:01:00:01:0a")
    }
}
