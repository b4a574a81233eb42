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
    /// libvirt's PCI functions.
    let functions: [ListedFunction]
    /// PFs by address.
    private(set) var physical: [PCIAddress: Device] = [:]

    init(_ sources: DeviceSources, _ rules: DeviceRules) {
        self.sources = sources
        self.rules = rules
        functions = ListedFunction.all(sources)
        for (name, reason) in sources.unreadableFunctions.sorted(by: { $0.name < $1.name }) {
            note("device-unreadable", "libvirt's document of \(name) can't be read: \(reason)")
        }
        addPhysicalFunctions()
        addVDPADevices()
        // A function with a vDPA device is no plain VF, also where the former can't be used.
        var taken = Set(devices.filter { $0.device.kind == .vdpa }.map(\.device.address))
        taken.formUnion(
            sources.unreadableVDPADevices.compactMap { $0.function.flatMap { PCIAddress($0) } })
        devices += virtualFunctions(besides: taken)
        devices += plainFunctions()
        devices.sort { Self.order($0.device) < Self.order($1.device) }
    }

    /// What the host's `device_spec` offers, with a condition for everything in the
    /// configuration that fits nothing.
    func scan() -> DeviceScan {
        let interfaces = sources.interfaceAddresses
        var scan = DeviceScan(devices: [], conditions: conditions)
        for assembled in devices {
            let device = assembled.device
            if let entry = rules.spec.match(device, interfaces: interfaces) {
                scan.devices.append(entry.tagging(device))
                guard assembled.isByAddress else { continue }
                scan.conditions.append(Self.identityCondition(device))
            } else if device.vfIndex == nil, device.kind == .vdpa {
                scan.devices.append(device)
            } else if device.kind != .pci {
                scan.notOffered.append(device)
            }
        }
        scan.conditions = DeviceDrift.boundedByCode(scan.conditions + idleRules(interfaces))
        return scan
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
        for function in functions {
            guard case .physical = function.pci.role else { continue }
            let (device, source) = cardFunction(function, .pf)
            if source == .address {
                noteIdentity(
                    function.address, "has neither a serial number nor a permanent MAC")
            }
            physical[function.address] = device
            byID[device.id, default: []].append(function.address)
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

    /// For functions that are offered and neither PF nor VF.
    private static func identityCondition(_ device: Device) -> HostCondition {
        HostCondition(
            code: "device-identity-by-address",
            message: "Function \(device.address), which device_spec offers, has neither a serial"
                + " number nor a permanent MAC of its own, so it is known by its address: moving"
                + " the card makes it another device.",
            blocksVDPA: false)
    }

    // MARK: vDPA devices

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
        noteCrowds()
    }

    /// Of several devices on one function none is given out; see `DeviceBlock.ambiguous`.
    private mutating func noteCrowds() {
        let crowds = sources.crowdedFunctions.map { ("\($0.key)", $0.value) }
        for (function, names) in crowds.sorted(by: { $0.0 < $1.0 }) {
            let list = names.joined(separator: ", ")
            let problem =
                "VF \(function) carries \(names.count) vDPA devices (\(list)) and can serve one"
                + " port, so none of them is given out; on the host, delete all but one with 'vdpa"
                + " dev del NAME'"
            note("vdpa-devices-share-function", problem)
            for index in devices.indices {
                guard let name = devices[index].vdpa?.name, names.contains(name) else { continue }
                devices[index].device.problems.append(problem + ".")
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
            vendorID: ListedFunction.hex(function.function.vendorID),
            productID: ListedFunction.hex(function.function.deviceID))
        device.parentAddress = parentAddress
        device.parentID = parent.id
        device.vfIndex = index
        device.numaNode = function.function.numaNode
        let listed = functions.first { $0.address == address }
        device.cardSerial = DeviceIdentity.shown(listed?.pci.serialNumber) ?? parent.cardSerial
        device.interfaceName = sources.ownInterface(of: function.function.address)?.name
        complete(&device, vdpa, uplink: parent.interfaceName)
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
        complete(&device, vdpa, uplink: nil)
        device.representor = rules.softwareRepresentors[vdpa.name]
        if device.representor == nil {
            device.problems.append(
                "No representor is configured for the software device \(vdpa.name).")
        }
        devices.append(AssembledDevice(device: device, vdpa: vdpa))
    }

    /// Name, MAC, capabilities, and what the driver makes unusable.
    private func complete(_ device: inout Device, _ vdpa: VDPADevice, uplink: String?) {
        device.vdpaName = vdpa.name
        device.capabilities = sources.capabilities(
            of: vdpa.name, driver: vdpa.parentDriver, uplink: uplink)
        if let problem = vdpa.problem { device.problems.append(problem + ".") }
        switch sources.vdpaConfigs[vdpa.name] {
        case .success(let config):
            device.macAddress = config.macAddress
            guard config.macAddress == nil else { return }
            device.problems.append(
                "vDPA device \(vdpa.name) has no MAC; make it with 'vdpa dev add ... mac ...'.")
        case .failure(let error):
            device.problems.append("The MAC of vDPA device \(vdpa.name) is unknown: \(error).")
        case nil:
            device.problems.append("The MAC of vDPA device \(vdpa.name) was not asked for.")
        }
    }
}
