internal import ComputeModel
internal import DeviceTracking
internal import Libvirt
internal import VDPA

/// All that was read about a host's devices at one time: the input of ``DeviceAssembly``.
struct DeviceSources: Sendable {
    /// libvirt's PCI functions.
    var functions: [NodeDevice] = []
    /// libvirt's documents that could not be read: the device's name and why.
    var unreadableFunctions: [(name: String, reason: String)] = []
    /// The kernel's vDPA devices.
    var vdpaDevices: [VDPADevice] = []
    /// Those that are there and can't be read.
    var unreadableVDPADevices: [VDPAInventory.Unreadable] = []
    /// VF indexes by PF: the kernel's `virtfnN` links.
    var virtualFunctions: [PCIFunction.Address: [Int: PCIFunction.Address]] = [:]
    /// Network interfaces of the host.
    var interfaces: [NetworkInterface] = []
    /// Permanent MACs by interface name, for the uplinks of PFs and of other PCI functions.
    var permanentMACs: [String: String] = [:]
    /// Speeds in Mbit/s by interface name, for the same interfaces; only those that are known.
    var linkSpeeds: [String: Int] = [:]
    /// The kernel's list of vDPA devices by name; empty if it can't be had.
    var vdpaFacts: [String: VDPANetlink.Device] = [:]
    /// What vDPA devices are made on, by the name that devices give it; empty likewise.
    var managementDevices: [String: VDPANetlink.ManagementDevice] = [:]
    /// Answers of the kernel about vDPA devices' configurations, by device name.
    var vdpaConfigs: [String: Result<VDPANetlink.Config, VDPAError>] = [:]

    /// Where the host's netdevs are, by name, for `devname`: those that stand for a PCI function
    /// themselves. A representor stands for another function than the one that sysfs shows.
    var interfaceAddresses: [String: PCIAddress] {
        var addresses: [String: PCIAddress] = [:]
        for interface in interfaces where interface.portName.isOwn {
            addresses[interface.name] = interface.pciAddress.flatMap { PCIAddress($0) }
        }
        return addresses
    }

    /// The names of vDPA devices that share a PCI function with others, by that function.
    var crowdedFunctions: [PCIFunction.Address: [String]] {
        var names: [PCIFunction.Address: [String]] = [:]
        for device in vdpaDevices {
            guard case .virtualFunction(let virtual) = device.parent else { continue }
            names[virtual.function.address, default: []].append(device.name)
        }
        return names.filter { $0.value.count > 1 }.mapValues { $0.sorted() }
    }

    /// The netdev of a VF or another function of its own.
    func ownInterface(of address: PCIFunction.Address) -> NetworkInterface? {
        interfaces.first { $0.pciAddress == address && $0.portName.isOwn }
    }
}

extension PortName? {
    /// Whether the netdev that has the name is the function's own, and no representor.
    var isOwn: Bool { self == nil || self == .uplink }
}

/// What the operator decides about devices.
struct DeviceRules: Sendable, Equatable {
    var spec: DeviceSpec
    var representors: [PCIAddress: [Int: String]]
    var softwareRepresentors: [String: String]

    init(_ configuration: KVMHostConfiguration) {
        spec = configuration.deviceSpec
        representors = configuration.representors
        softwareRepresentors = configuration.softwareRepresentors
    }
}

/// A device with what is needed to use it now.
struct AssembledDevice: Sendable, Equatable {
    /// As reported.
    var device: Device
    /// The vDPA device, for those that are one.
    var vdpa: VDPADevice?
    /// Whether nothing but the address tells a function that is neither PF nor VF from others.
    var isByAddress = false
}

extension PCIFunction.Address {
    init?(_ address: NodeDevice.PCIAddress) { self.init(address.description) }
}

extension PCIAddress {
    /// Nil for domains above FFFF, which `device_spec` can't name.
    init?(_ address: PCIFunction.Address) { self.init(address.description) }
}
