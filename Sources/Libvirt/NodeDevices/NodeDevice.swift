/// A device of the host as libvirt's node device documents show it.
public struct NodeDevice: Sendable, Equatable {
    /// A PCI address.
    public struct PCIAddress: Sendable, Hashable, CustomStringConvertible {
        /// The domain, also called segment; wider than 16 bits behind some bridges (VMD).
        public let domain: UInt32
        /// The bus within the domain.
        public let bus: UInt8
        /// The slot on the bus, at most 0x1f.
        public let slot: UInt8
        /// The function of the slot, at most 7.
        public let function: UInt8

        /// The kernel's notation, `0000:06:00.3`.
        public var description: String {
            let parts = [hex(domain, 4), hex(bus, 2), hex(slot, 2)]
            return parts.joined(separator: ":") + "." + String(function, radix: 16)
        }
    }

    /// A vendor or product: its number and, if the host's database knows one, its name.
    public struct Identifier: Sendable, Equatable {
        /// The number from the PCI registry.
        public let id: UInt16
        /// nil if the host has no name for it.
        public let name: String?
    }

    /// What SR-IOV makes of a PCI function.
    public enum VirtualizationRole: Sendable, Equatable {
        /// Neither has nor is a virtual function.
        case none
        /// Can have virtual functions; those there are, and the most there can be.
        case physical(virtualFunctions: [PCIAddress], countMax: Int?)
        /// A virtual function of the function named.
        case virtual(physicalFunction: PCIAddress)
    }

    /// The `pci` capability.
    public struct PCI: Sendable, Equatable {
        /// Where the function is.
        public let address: PCIAddress
        /// Who made it.
        public let vendor: Identifier
        /// What it is.
        public let product: Identifier
        /// nil: the firmware names none.
        public let numaNode: Int?
        /// nil: no IOMMU is in use.
        public let iommuGroup: Int?
        /// Its part in SR-IOV.
        public let role: VirtualizationRole
        /// The card's serial number from its vital product data; needs libvirt 7.9.
        public let serialNumber: String?
    }

    /// What the device is; the first capability of its document.
    public enum Capability: Sendable, Equatable {
        /// A PCI function.
        case pci(PCI)
        /// A network interface and its MAC address in lower case.
        case net(interface: String, macAddress: String?)
        /// A vDPA device on `vhost_vdpa` and its `/dev/vhost-vdpa-N`.
        case vdpa(characterDevicePath: String)
        /// Anything else; libvirt's name of the capability.
        case other(String)
    }

    /// libvirt's key, such as `pci_0000_06_00_3`.
    public let name: String
    /// The parent's ``name``; nil for the root.
    public let parent: String?
    /// The path in sysfs, if the document has it.
    public let path: String?
    /// The kernel driver that is bound, if any.
    public let driver: String?
    /// What the device is.
    public let capability: Capability
}

/// Lower-case hexadecimal with at least `width` digits.
private func hex(_ value: some FixedWidthInteger, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
