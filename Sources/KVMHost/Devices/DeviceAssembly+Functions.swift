internal import ComputeModel
internal import HostDrivers
internal import Libvirt
internal import VDPA

/// A PCI function that libvirt lists.
struct ListedFunction {
    let address: PCIAddress
    let pci: NodeDevice.PCI
    /// The kernel driver that is bound.
    let driver: String?

    /// libvirt's functions by address, those left out that have no nameable address.
    static func all(_ sources: DeviceSources) -> [ListedFunction] {
        sources.functions.compactMap { node in
            guard case .pci(let pci) = node.capability,
                let address = PCIAddress(pci.address.description)
            else { return nil }
            return ListedFunction(address: address, pci: pci, driver: node.driver)
        }.sorted { $0.address < $1.address }
    }

    /// As the kernel notes it.
    var kernelAddress: PCIFunction.Address? { PCIFunction.Address(pci.address) }

    /// A device without identity yet.
    func device(_ kind: DeviceKind, id: DeviceID) -> Device {
        var device = Device(
            id: id, kind: kind, address: address, vendorID: Self.hex(pci.vendor.id),
            productID: Self.hex(pci.product.id))
        device.numaNode = pci.numaNode
        device.cardSerial = DeviceIdentity.shown(pci.serialNumber)
        return device
    }

    /// Four hex digits.
    static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension DeviceAssembly {
    /// A PF or another function that is no VF, with its own identity and netdev.
    func cardFunction(
        _ function: ListedFunction, _ kind: DeviceKind
    ) -> (device: Device, source: DeviceIdentity.Source) {
        let uplink = uplink(of: function.address)
        let (id, source) = DeviceIdentity.physicalFunction(
            serialNumber: function.pci.serialNumber,
            permanentMAC: uplink.flatMap { sources.permanentMACs[$0.name] },
            address: function.address)
        var device = function.device(kind, id: id)
        device.macAddress = uplink?.macAddress
        device.interfaceName = uplink?.name
        device.capabilities = sources.capabilities(
            driver: function.driver, uplink: uplink?.name)
        return (device, source)
    }

    /// The netdev through which a card's function reaches the outside.
    func uplink(of address: PCIAddress) -> NetworkInterface? {
        PCIFunction.Address(address.description).flatMap {
            Representors.uplink(of: $0, among: sources.interfaces)
        }
    }

    /// VFs that carry no vDPA device.
    func virtualFunctions(besides taken: Set<PCIAddress>) -> [AssembledDevice] {
        functions.compactMap { function in
            guard !taken.contains(function.address),
                case .virtual(let owner) = function.pci.role,
                let parentAddress = PCIAddress(owner.description),
                let parent = physical[parentAddress],
                let owner = PCIFunction.Address(owner), let own = function.kernelAddress,
                let index = sources.virtualFunctions[owner]?.first(where: { $0.value == own })?.key
            else { return nil }
            var device = function.device(
                .vf, id: DeviceIdentity.virtualFunction(index, of: parent.id))
            device.cardSerial = device.cardSerial ?? parent.cardSerial
            device.parentAddress = parentAddress
            device.parentID = parent.id
            device.vfIndex = index
            let interface = sources.ownInterface(of: own)
            device.macAddress = interface?.macAddress
            device.interfaceName = interface?.name
            device.capabilities = sources.capabilities(
                driver: function.driver, uplink: parent.interfaceName)
            device.representor = representor(index, parentAddress).name
            return AssembledDevice(device: device)
        }
    }

    /// Functions that are neither PF nor VF: bridges, disks, plain network cards. They are only
    /// offered where an entry of the `device_spec` says so.
    func plainFunctions() -> [AssembledDevice] {
        var byID: [DeviceID: Int] = [:]
        var devices: [AssembledDevice] = functions.compactMap { function in
            guard case .none = function.pci.role else { return nil }
            let (device, source) = cardFunction(function, .pci)
            byID[device.id, default: 0] += 1
            return AssembledDevice(device: device, isByAddress: source == .address)
        }
        let cards = Set(physical.values.map(\.id))
        for index in devices.indices {
            let id = devices[index].device.id
            guard byID[id] != 1 || cards.contains(id) else { continue }
            devices[index].device.id = DeviceIdentity.byAddress(devices[index].device.address)
            devices[index].isByAddress = true
        }
        return devices
    }
}
