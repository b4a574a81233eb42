import Foundation
import TestSupport
import Testing
import VDPA

/// A folder of its own that looks like `/sys`.
final class FakeSysfs {
    private let home: TemporaryFolder
    var root: URL { home.url }
    var tree: SysfsTree { SysfsTree(root: root.path) }

    init() throws { home = try TemporaryFolder("sysfs") }

    func folder(_ path: String) throws {
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent(path), withIntermediateDirectories: true)
    }

    /// A file with a newline at its end, as the kernel writes them.
    func file(_ path: String, _ text: String) throws {
        let url = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try (text + "\n").write(to: url, atomically: false, encoding: .utf8)
    }

    /// A relative link, as the kernel makes them; the target need not exist.
    func link(_ path: String, to target: String) throws {
        let url = root.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let up = String(repeating: "../", count: path.split(separator: "/").count - 1)
        try FileManager.default.createSymbolicLink(
            atPath: url.path, withDestinationPath: up + target)
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: root.appendingPathComponent(path))
    }
}

// MARK: - Devices

extension FakeSysfs {
    static func pciFolder(_ address: String) -> String { "devices/pci0000:00/\(address)" }

    func pciFunction(
        _ address: String, vendor: String, device: String, numaNode: String = "-1",
        driver: String? = nil, iommuGroup: Int? = nil
    ) throws {
        let folder = Self.pciFolder(address)
        try file(folder + "/vendor", vendor)
        try file(folder + "/device", device)
        try file(folder + "/numa_node", numaNode)
        try link("bus/pci/devices/\(address)", to: folder)
        if let driver {
            try self.folder("bus/pci/drivers/\(driver)")
            try link(folder + "/driver", to: "bus/pci/drivers/\(driver)")
        }
        if let iommuGroup {
            try self.folder("kernel/iommu_groups/\(iommuGroup)")
            try link(folder + "/iommu_group", to: "kernel/iommu_groups/\(iommuGroup)")
        }
    }

    /// Makes `virtual` the function number `index` of `physical`.
    func virtualFunction(_ virtual: String, index: Int, of physical: String) throws {
        try link(
            Self.pciFolder(physical) + "/virtfn\(index)", to: Self.pciFolder(virtual))
        try link(Self.pciFolder(virtual) + "/physfn", to: Self.pciFolder(physical))
    }

    /// A vDPA device below `parent`, with its character device if it is on `vhost_vdpa`.
    func vdpaDevice(_ name: String, parent: String, driver: String?, number: Int = 0) throws {
        let folder = "\(parent)/\(name)"
        try self.folder(folder)
        try link("bus/vdpa/devices/\(name)", to: folder)
        guard let driver else { return }
        try self.folder("bus/vdpa/drivers/\(driver)")
        try link(folder + "/driver", to: "bus/vdpa/drivers/\(driver)")
        if driver == "vhost_vdpa" {
            try file(folder + "/vhost-vdpa-\(number)/dev", "511:\(number)")
        }
    }

    /// A network interface of the device in `parent` (nil: a virtual one).
    func networkInterface(
        _ name: String, parent: String?, address: String, switchID: String? = nil,
        portName: String? = nil
    ) throws {
        let folder = "\(parent ?? "devices/virtual")/net/\(name)"
        try file(folder + "/address", address)
        if let switchID { try file(folder + "/phys_switch_id", switchID) }
        if let portName { try file(folder + "/phys_port_name", portName) }
        if let parent { try link(folder + "/device", to: parent) }
        try link("class/net/\(name)", to: folder)
    }
}

// MARK: - Hosts

extension FakeSysfs {
    /// A two-port mlx5 card in switchdev mode, two virtual functions on each port, in one switch;
    /// vDPA devices on both functions of the first port.
    static func mlx5() throws -> FakeSysfs {
        let host = try FakeSysfs()
        for port in 0...1 {
            let physical = "0000:06:00.\(port)"
            try host.pciFunction(
                physical, vendor: "0x15b3", device: "0x101d", numaNode: "1", driver: "mlx5_core",
                iommuGroup: 10 + port)
            try host.networkInterface(
                "enp6s0f\(port)np\(port)", parent: pciFolder(physical),
                address: "0c:42:a1:00:00:0\(port)", switchID: "3ac1b50003a1420c",
                portName: "p\(port)")
            for index in 0...1 {
                let virtual = "0000:06:00.\(2 + 2 * port + index)"
                try host.pciFunction(
                    virtual, vendor: "0x15b3", device: "0x101e", numaNode: "1",
                    driver: "mlx5_core", iommuGroup: 20 + 2 * port + index)
                try host.virtualFunction(virtual, index: index, of: physical)
                try host.networkInterface(
                    "enp6s0f\(port)npf\(port)vf\(index)", parent: pciFolder(physical),
                    address: "ee:00:00:00:0\(port):0\(index)", switchID: "3ac1b50003a1420c",
                    portName: "pf\(port)vf\(index)")
            }
        }
        // The kernel numbers character devices as it meets the devices, not by function.
        try host.vdpaDevice(
            "vdpa0", parent: pciFolder("0000:06:00.2"), driver: "vhost_vdpa", number: 1)
        try host.vdpaDevice(
            "vdpa1", parent: pciFolder("0000:06:00.3"), driver: "vhost_vdpa", number: 0)
        return host
    }

    /// A virtio card in the style of QEMU's emulation: SR-IOV, vp_vdpa, no switchdev.
    static func virtio() throws -> FakeSysfs {
        let host = try FakeSysfs()
        let physical = "0000:01:00.0"
        try host.pciFunction(
            physical, vendor: "0x1af4", device: "0x1041", driver: "virtio-pci", iommuGroup: 3)
        try host.networkInterface(
            "eth5", parent: pciFolder(physical) + "/virtio5", address: "52:54:01:00:00:01")
        for index in 0...2 {
            let virtual = "0000:01:00.\(index + 1)"
            try host.pciFunction(
                virtual, vendor: "0x1af4", device: "0x1041", driver: "vp-vdpa",
                iommuGroup: 4 + index)
            try host.virtualFunction(virtual, index: index, of: physical)
            try host.vdpaDevice(
                "vdpa\(index)", parent: pciFolder(virtual), driver: "vhost_vdpa", number: index)
        }
        try host.networkInterface("lo", parent: nil, address: "00:00:00:00:00:00")
        try host.file("class/net/bonding_masters", "")
        return host
    }
}
