internal import ComputeModel
internal import DeviceTracking
internal import HostDrivers
internal import Libvirt
internal import VDPA

/// Makes devices of what libvirt, sysfs and netlink say. Pure: the same sources and rules give
/// the same devices and conditions in the same order.
struct DeviceAssembly: Sendable {
    /// All devices of the host by address, offered or not.
    private(set) var devices: [AssembledDevice] = []
    private(set) var conditions: [HostCondition] = []

    let sources: DeviceSources
    let rules: DeviceRules
    /// PFs by address.
    private(set) var physical: [PCIAddress: Device] = [:]

    init(_ sources: DeviceSources, _ rules: DeviceRules) {
        self.sources = sources
        self.rules = rules
        for (name, reason) in sources.unreadableFunctions.sorted(by: { $0.name < $1.name }) {
            note("device-unreadable", "libvirt's document of \(name) can't be read: \(reason)")
        }
        addPhysicalFunctions()
        addVDPADevices()
        addVirtualFunctions()
        devices.sort { Self.order($0.device) < Self.order($1.device) }
    }

    /// What the host's `device_spec` offers, with a condition for everything in the
    /// configuration that fits nothing.
    func scan() -> DeviceScan {
        let all = devices.map(\.device)
        let software = all.filter { $0.vfIndex == nil && $0.kind == .vdpa }
        let offered = all.compactMap { device -> Device? in
            guard let entry = rules.spec.match(device) else {
                return software.contains(device) ? device : nil
            }
            var tagged = device
            tagged.physicalNetwork = entry.physicalNetwork
            return tagged
        }
        return DeviceScan(devices: offered, conditions: conditions + idleRules(all))
    }

    private static func order(_ device: Device) -> (PCIAddress, String) {
        (device.address, device.id.text)
    }

    mutating func note(_ code: String, _ message: String, blocksVDPA: Bool = false) {
        conditions.append(
            HostCondition(code: code, message: message + ".", blocksVDPA: blocksVDPA))
    }

    // MARK: Physical functions

    private mutating func addPhysicalFunctions() {
        var byID: [DeviceID: [PCIAddress]] = [:]
        for (address, pci) in pciFunctions() {
            guard case .physical = pci.role else { continue }
            let uplink = PCIFunction.Address(pci.address).flatMap {
                Representors.uplink(of: $0, among: sources.interfaces)
            }
            let permanentMAC = uplink.flatMap { sources.permanentMACs[$0.name] }
            let (id, source) = DeviceIdentity.physicalFunction(
                serialNumber: pci.serialNumber, permanentMAC: permanentMAC, address: address)
            if source == .address {
                noteIdentity(address, "has neither a serial number nor a permanent MAC")
            }
            var device = Device(
                id: id, kind: .pf, address: address, vendorID: Self.hex(pci.vendor.id),
                productID: Self.hex(pci.product.id))
            device.numaNode = pci.numaNode
            device.macAddress = uplink?.macAddress
            physical[address] = device
            byID[id, default: []].append(address)
        }
        for (id, addresses) in byID.sorted(by: { $0.key < $1.key }) where addresses.count > 1 {
            for address in addresses.sorted() {
                physical[address]?.id = DeviceIdentity.byAddress(address)
                noteIdentity(address, "has the same identity '\(id)' as another card")
            }
        }
        devices += physical.values.map { AssembledDevice(device: $0) }
    }

    private mutating func noteIdentity(_ address: PCIAddress, _ why: String) {
        note(
            "device-identity-by-address",
            "PF \(address) \(why), so its devices are known by its address: moving the card makes"
                + " them other devices")
    }

    /// libvirt's PCI functions by address, those left out that have no nameable address.
    private func pciFunctions() -> [(PCIAddress, NodeDevice.PCI)] {
        sources.functions.compactMap { node in
            guard case .pci(let pci) = node.capability,
                let address = PCIAddress(pci.address.description)
            else { return nil }
            return (address, pci)
        }.sorted { $0.0 < $1.0 }
    }

    // MARK: Virtual functions and vDPA

    private mutating func addVDPADevices() {
        for unreadable in sources.unreadableVDPADevices {
            note(
                "vdpa-device-unreadable",
                "vDPA device \(unreadable.name) is left out: \(unreadable.error)")
        }
        for vdpa in sources.vdpaDevices {
            switch vdpa.parent {
            case .virtualFunction(let function): addVDPA(vdpa, on: function)
            case .pciFunction(let function):
                note(
                    "vdpa-device-left-out",
                    "vDPA device \(vdpa.name) is left out: its parent \(function.address) is no"
                        + " virtual function")
            case .other(let parent): addSoftwareDevice(vdpa, parent: parent)
            }
        }
    }

    private mutating func addVDPA(_ vdpa: VDPADevice, on function: VDPADevice.VirtualFunction) {
        guard let address = PCIAddress(function.function.address),
            let parentAddress = PCIAddress(function.physicalFunction.address),
            let parent = physical[parentAddress]
        else {
            note(
                "vdpa-device-left-out",
                "vDPA device \(vdpa.name) is left out: libvirt doesn't list its PF"
                    + " \(function.physicalFunction.address) as one; see 'virsh nodedev-list"
                    + " --cap pci'")
            return
        }
        let index = function.index
        let virtualID = DeviceIdentity.virtualFunction(index, of: parent.id)
        var device = Device(
            id: DeviceIdentity.vdpa(vdpa.name, on: virtualID), kind: .vdpa, address: address,
            vendorID: Self.hex(function.function.vendorID),
            productID: Self.hex(function.function.deviceID))
        device.parentAddress = parentAddress
        device.parentID = parent.id
        device.vfIndex = index
        device.numaNode = function.function.numaNode
        complete(&device, vdpa)
        let (representor, problem) = representor(index, parentAddress)
        device.representor = representor
        if let problem { device.problems.append(problem) }
        devices.append(AssembledDevice(device: device, vdpa: vdpa))
    }

    /// A device without a PCI function: shown in PCI domain ffff, which no card has, by the
    /// number of its character device, because reports need an address.
    private mutating func addSoftwareDevice(_ vdpa: VDPADevice, parent: String) {
        guard rules.spec.softwareDevices.contains(vdpa.name) else {
            note(
                "vdpa-device-left-out",
                "vDPA device \(vdpa.name) is left out: its parent '\(parent)' is no PCI function."
                    + " To offer it, list it as a software device in the host's configuration")
            return
        }
        let number = vdpa.characterDevice?.minor ?? 0
        guard
            let address = PCIAddress(
                domain: .max, bus: UInt8(truncatingIfNeeded: number >> 5),
                slot: UInt8(number & 0x1f), function: 0)
        else { return }
        var device = Device(
            id: DeviceIdentity.software(vdpa.name, parent: parent), kind: .vdpa,
            address: address, vendorID: "0000", productID: "0000")
        complete(&device, vdpa)
        device.representor = rules.softwareRepresentors[vdpa.name]
        if device.representor == nil {
            device.problems.append(
                "No representor is configured for the software device \(vdpa.name).")
        }
        devices.append(AssembledDevice(device: device, vdpa: vdpa))
    }

    /// Name, MAC and what the driver makes unusable.
    private func complete(_ device: inout Device, _ vdpa: VDPADevice) {
        device.vdpaName = vdpa.name
        if let problem = vdpa.problem { device.problems.append(problem + ".") }
        switch sources.vdpaMACs[vdpa.name] {
        case .success(let mac?): device.macAddress = mac
        case .success(nil):
            device.problems.append(
                "vDPA device \(vdpa.name) has no MAC; make it with 'vdpa dev add ... mac ...'.")
        case .failure(let error):
            device.problems.append("The MAC of vDPA device \(vdpa.name) is unknown: \(error).")
        case nil:
            device.problems.append("The MAC of vDPA device \(vdpa.name) was not asked for.")
        }
    }

    /// VFs that carry no vDPA device.
    private mutating func addVirtualFunctions() {
        let taken = Set(devices.compactMap { $0.device.kind == .vdpa ? $0.device.address : nil })
        for (address, pci) in pciFunctions() where !taken.contains(address) {
            guard case .virtual(let owner) = pci.role,
                let parentAddress = PCIAddress(owner.description),
                let parent = physical[parentAddress],
                let owner = PCIFunction.Address(owner), let own = PCIFunction.Address(pci.address),
                let index = sources.virtualFunctions[owner]?.first(where: { $0.value == own })?.key
            else { continue }
            var device = Device(
                id: DeviceIdentity.virtualFunction(index, of: parent.id), kind: .vf,
                address: address, vendorID: Self.hex(pci.vendor.id),
                productID: Self.hex(pci.product.id))
            device.parentAddress = parentAddress
            device.parentID = parent.id
            device.vfIndex = index
            device.numaNode = pci.numaNode
            device.macAddress = sources.interfaces.first { $0.pciAddress == own }?.macAddress
            device.representor = representor(index, parentAddress).name
            devices.append(AssembledDevice(device: device))
        }
    }

    private static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
