/// A vDPA device as the kernel's bus shows it.
public struct VDPADevice: Sendable, Equatable {
    /// Who uses the device.
    public enum Driver: Sendable, Equatable {
        /// `vhost_vdpa`: a guest can have it.
        case vhost
        /// `virtio_vdpa`: the host itself has it.
        case virtio
        /// No driver is bound.
        case none
        /// A driver that this program doesn't know.
        case other(String)
    }

    /// What stands behind a vDPA device.
    public enum Parent: Sendable, Equatable {
        /// A virtual function: what Millrace offers to ports.
        case virtualFunction(VirtualFunction)
        /// A PCI function that isn't a virtual one.
        case pciFunction(PCIFunction)
        /// Not a PCI function: software (`vdpasim_net`, `vduse`) or an auxiliary device such as a
        /// scalable function; the name of the device in sysfs.
        case other(name: String)
    }

    /// A virtual function and its place below its physical one.
    public struct VirtualFunction: Sendable, Equatable {
        /// The function itself.
        public let function: PCIFunction
        /// The number by which its physical function knows it: the N of `virtfnN`.
        public let index: Int
        /// The physical function.
        public let physicalFunction: PCIFunction
    }

    /// The device through which a guest gets at it; only with ``Driver/vhost``.
    public struct CharacterDevice: Sendable, Equatable {
        /// Such as `vhost-vdpa-0`; the number is another at every boot.
        public let name: String
        /// The kernel's major number.
        public let major: UInt32
        /// The kernel's minor number.
        public let minor: UInt32
        /// Where udev puts it.
        public var path: String { "/dev/" + name }
    }

    /// The name, as `vdpa dev show` lists it.
    public let name: String
    /// Who uses it.
    public let driver: Driver
    /// What stands behind it.
    public let parent: Parent
    /// nil unless ``driver`` is ``Driver/vhost``.
    public let characterDevice: CharacterDevice?
}

/// The vDPA devices of a host at one time.
public struct VDPAInventory: Sendable, Equatable {
    /// A device that is there but can't be used, and why.
    public struct Unreadable: Sendable, Equatable {
        /// The vDPA device's name.
        public let name: String
        /// What was wrong.
        public let error: VDPAError
        /// The PCI function that it is on, if it is on one.
        public let function: PCIFunction.Address?
    }

    /// By name. Devices that vanished while they were read are in neither list.
    public let devices: [VDPADevice]
    /// By name.
    public let unreadable: [Unreadable]
}
