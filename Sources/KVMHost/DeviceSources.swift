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
    /// Permanent MACs by interface name, for the interfaces of PFs.
    var permanentMACs: [String: String] = [:]
    /// Answers of the kernel about vDPA devices' own MACs, by device name.
    var vdpaMACs: [String: Result<String?, VDPAError>] = [:]
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
}

extension PCIFunction.Address {
    init?(_ address: NodeDevice.PCIAddress) { self.init(address.description) }
}

extension PCIAddress {
    /// Nil for domains above FFFF, which `device_spec` can't name.
    init?(_ address: PCIFunction.Address) { self.init(address.description) }
}
