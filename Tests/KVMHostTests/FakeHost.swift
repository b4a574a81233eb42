import ComputeModel
import DeviceTracking
import Foundation
import HostDrivers
import Logging
import TestSupport

@testable import KVMHost
@testable import Libvirt
@testable import VDPA

/// A host's sysfs and what libvirt says of its PCI functions: by default one card as the virtual
/// lab has it, with a PF, three VFs with vDPA devices, and representors without port names.
struct FakeHost {
    struct Card {
        var bus = "01"
        var virtualFunctionCount = 3
        /// VF indexes with a vDPA device `vdpaN`.
        var vdpaIndexes: Set<Int> = [0, 1, 2]
        var vdpaDriver: String? = "vhost_vdpa"
        var hasCharacterDevices = true
        var serialNumber: String?
        var uplinkName = "pf0"
        var uplinkMAC = "52:54:01:00:01:00"
        var uplinkSpeed = "-1"
        /// Of the VFs.
        var pciDriver = "vp-vdpa"
        /// A vDPA device whose VF the PF does not link to, so that it can't be placed.
        var unlinkedIndex: Int?
        var permanentMAC: String? = "52:54:01:00:01:00"
        /// With names, netdevs of the PF in switchdev mode stand for the VFs.
        var portNames: [String: String] = [:]
        /// First number of its vDPA devices.
        var firstDevice = 0

        func address(_ function: Int) -> String { "0000:\(bus):00.\(function)" }
    }

    var cards = [Card()]
    /// vDPA devices without a PCI function: name to parent.
    var softwareDevices: [String: String] = [:]
    var plainInterfaces = ["rep0", "rep1", "rep2", "mgmt0"]
    /// Functions that are neither PF nor VF: address to serial number, "" for none.
    var plainFunctions: [String: String] = [:]

    static let configuredRepresentors = [0: "rep0", 1: "rep1", 2: "rep2"]

    /// Writes the tree below `folder` and reads it as the driver does.
    func sources(_ folder: TemporaryFolder) throws -> DeviceSources {
        for card in cards { try write(card, folder) }
        for (number, device) in softwareDevices.sorted(by: { $0.key < $1.key }).enumerated() {
            let path = "devices/\(device.value)/\(device.key)"
            try folder.write("245:\(40 + number)\n", to: "\(path)/vhost-vdpa-\(40 + number)/dev")
            try folder.link("\(path)/driver", to: "bus/vdpa/drivers/vhost_vdpa")
            try folder.link("bus/vdpa/devices/\(device.key)", to: path)
        }
        for name in plainInterfaces {
            try folder.write("52:54:01:00:02:01\n", to: "devices/virtual/net/\(name)/address")
            try folder.link("class/net/\(name)", to: "devices/virtual/net/\(name)")
        }
        var sources = DeviceSources()
        sources.functions =
            try cards.flatMap(nodeDevices)
            + plainFunctions.map { try Self.plainFunction($0.key, serial: $0.value) }
        let permanent = Dictionary(
            uniqueKeysWithValues: cards.compactMap { card in
                card.permanentMAC.map { (card.uplinkName, $0) }
            })
        let reader = DeviceReader(folder) { permanent[$0] }
        sources = try reader.readSysfs(sources)
        for device in sources.vdpaDevices {
            let number = Int(device.name.filter(\.isNumber)) ?? 0
            sources.vdpaConfigs[device.name] = .success(
                Self.config(device.name, macAddress: "52:54:01:00:01:0\(number + 1)"))
        }
        return sources
    }

    static func config(
        _ name: String, macAddress: String?, queuePairs: UInt16? = nil, mtuBytes: UInt16? = nil,
        features: UInt64? = nil
    ) -> VDPANetlink.Config {
        VDPANetlink.Config(
            name: name, macAddress: macAddress, status: nil, queuePairCountMax: queuePairs,
            mtuBytes: mtuBytes, deviceFeatures: features, negotiatedFeatures: nil)
    }

    func assembly(
        _ folder: TemporaryFolder, _ change: (inout KVMHostConfiguration) -> Void = { _ in },
        sources edit: (inout DeviceSources) -> Void = { _ in }
    ) throws -> DeviceAssembly {
        var configuration = KVMHostConfiguration(stateDirectory: "/nowhere")
        configuration.deviceSpec = DeviceSpec(entries: [DeviceSpecEntry()])
        if let pf = PCIAddress("0000:01:00.0") {
            configuration.representors = [pf: Self.configuredRepresentors]
        }
        change(&configuration)
        var sources = try sources(folder)
        edit(&sources)
        return DeviceAssembly(sources, DeviceRules(configuration))
    }

    // MARK: sysfs

    private func write(_ card: Card, _ folder: TemporaryFolder) throws {
        for function in 0...card.virtualFunctionCount {
            let path = Self.path(card, function)
            try folder.write("0x1af4\n", to: "\(path)/vendor")
            try folder.write("0x1041\n", to: "\(path)/device")
            try folder.write("-1\n", to: "\(path)/numa_node")
            try folder.link("bus/pci/devices/\(card.address(function))", to: path)
            guard function > 0 else { continue }
            try folder.link("\(path)/physfn", to: Self.path(card, 0))
            if card.unlinkedIndex != function - 1 {
                try folder.link("\(Self.path(card, 0))/virtfn\(function - 1)", to: path)
            }
            try folder.write("", to: "bus/pci/drivers/\(card.pciDriver)/uevent")
            try folder.link("\(path)/driver", to: "bus/pci/drivers/\(card.pciDriver)")
            if card.vdpaIndexes.contains(function - 1) {
                try writeVDPA(card, function - 1, folder)
            }
        }
        let uplink = "\(Self.path(card, 0))/virtio5/net/\(card.uplinkName)"
        try writeInterface(
            card.uplinkName, uplink, device: "\(Self.path(card, 0))/virtio5", folder)
        try folder.write(card.uplinkMAC + "\n", to: "\(uplink)/address")
        try folder.write(card.uplinkSpeed + "\n", to: "\(uplink)/speed")
        guard !card.portNames.isEmpty else { return }
        try folder.write("abcdef\n", to: "\(uplink)/phys_switch_id")
        try folder.write("p0\n", to: "\(uplink)/phys_port_name")
        for (name, port) in card.portNames {
            let path = "\(Self.path(card, 0))/net/\(name)"
            try writeInterface(name, path, device: Self.path(card, 0), folder)
            try folder.write("abcdef\n", to: "\(path)/phys_switch_id")
            try folder.write("\(port)\n", to: "\(path)/phys_port_name")
        }
    }

    private func writeInterface(
        _ name: String, _ path: String, device: String, _ folder: TemporaryFolder
    ) throws {
        try folder.write("52:54:01:00:01:77\n", to: "\(path)/address")
        try folder.link("\(path)/device", to: device)
        try folder.link("class/net/\(name)", to: path)
    }

    private func writeVDPA(_ card: Card, _ index: Int, _ folder: TemporaryFolder) throws {
        let number = card.firstDevice + index
        let path = "\(Self.path(card, index + 1))/vdpa\(number)"
        try folder.write("", to: "\(path)/uevent")
        if let driver = card.vdpaDriver {
            try folder.write("", to: "bus/vdpa/drivers/\(driver)/uevent")
            try folder.link("\(path)/driver", to: "bus/vdpa/drivers/\(driver)")
        }
        if card.hasCharacterDevices {
            try folder.write("245:\(number)\n", to: "\(path)/vhost-vdpa-\(number)/dev")
        }
        try folder.link("bus/vdpa/devices/vdpa\(number)", to: path)
    }

    private static func path(_ card: Card, _ function: Int) -> String {
        "devices/pci0000:00/0000:00:07.0/\(card.address(function))"
    }

    // MARK: libvirt

    private func nodeDevices(_ card: Card) throws -> [NodeDevice] {
        try (0...card.virtualFunctionCount).map { function in
            let relative =
                function == 0
                ? "<capability type='virt_functions' maxCount='3'>"
                    + (1...card.virtualFunctionCount).map { Self.address(card, $0) }.joined()
                    + "</capability>"
                : "<capability type='phys_function'>\(Self.address(card, 0))</capability>"
            let vpd =
                function == 0
                ? card.serialNumber.map {
                    "<capability type='vpd'><name>NIC</name><fields access='readonly'>"
                        + "<serial_number>\($0)</serial_number></fields></capability>"
                } : nil
            return try NodeDevice(
                xml: """
                    <device><name>pci_0000_\(card.bus)_00_\(function)</name>
                    <parent>pci_0000_00_07_0</parent>
                    <driver><name>\(function == 0 ? "virtio-pci" : "vp-vdpa")</name></driver>
                    <capability type='pci'><class>0x020000</class><domain>0</domain>
                    <bus>\(Int(card.bus, radix: 16) ?? 0)</bus><slot>0</slot>
                    <function>\(function)</function>
                    <product id='0x1041'>Virtio 1.0 network device</product>
                    <vendor id='0x1af4'>Red Hat, Inc.</vendor>
                    \(relative)\(vpd ?? "")</capability></device>
                    """)
        }
    }

    private static func plainFunction(_ address: String, serial: String) throws -> NodeDevice {
        let parts = address.split { $0 == ":" || $0 == "." }.map { Int($0, radix: 16) ?? 0 }
        let vpd =
            serial.isEmpty
            ? ""
            : "<capability type='vpd'><fields access='readonly'>"
                + "<serial_number>\(serial)</serial_number></fields></capability>"
        return try NodeDevice(
            xml: """
                <device><name>pci_\(address)</name><driver><name>virtio-pci</name></driver>
                <capability type='pci'><domain>\(parts[0])</domain><bus>\(parts[1])</bus>
                <slot>\(parts[2])</slot><function>\(parts[3])</function>
                <product id='0x1eb8'/><vendor id='0x10de'/>\(vpd)</capability></device>
                """)
    }

    private static func address(_ card: Card, _ function: Int) -> String {
        "<address domain='0x0000' bus='0x\(card.bus)' slot='0x00' function='0x\(function)'/>"
    }
}

extension DeviceReader {
    /// Reads a tree below `folder`, and of libvirt nothing.
    init(
        _ folder: TemporaryFolder, limitMS: Int = 60_000,
        clock: any Clock<Duration> = ContinuousClock(),
        tell: @escaping @Sendable (BoundedReading.Event) -> Void = { _ in },
        permanentMAC: @escaping @Sendable (String) -> String?
    ) {
        self.init(
            session: LibvirtSession(uri: "test:///none", logger: Logger(label: "test")),
            sysfs: SysfsTree(root: folder.path), netlink: VDPANetlinkClient(),
            permanentMAC: permanentMAC,
            reading: BoundedReading(limitMS: limitMS, clock: clock, tell: tell))
    }
}
