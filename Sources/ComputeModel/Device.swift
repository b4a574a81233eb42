/// A PCI function of a host, or the vDPA device on one, as the host's last report has it.
///
/// Its identity is not its address: `id` is made of the parent's serial or permanent MAC, the VF
/// index and the vDPA device's name, so that it survives renumbering. The address is where it was
/// seen last; agents look it up anew whenever they use the device.
public struct Device: Codable, Sendable, Equatable {
    /// Identity within the cloud; see the type.
    public var id: DeviceID
    /// What it is.
    public var kind: DeviceKind
    /// Where it is plugged; for a vDPA device its VF's address.
    public var address: PCIAddress
    /// The PF's address, for VFs and vDPA devices.
    public var parentAddress: PCIAddress?
    /// Identity of the PF, for VFs and vDPA devices.
    public var parentID: DeviceID?
    /// Index among the PF's VFs, from 0.
    public var vfIndex: Int?
    /// Four lower-case hex digits.
    public var vendorID: String
    /// Four lower-case hex digits.
    public var productID: String
    /// NUMA node, nil when the platform names none.
    public var numaNode: Int?
    /// Tag of the matching `device_spec` entry; nil serves tunnelled networks.
    public var physicalNetwork: String?
    /// The entry's other tags; nil when it has none.
    public var tags: DeviceTags?
    /// What the device can do, as far as its host could find out; nil when it said nothing.
    public var capabilities: DeviceCapabilities?
    /// The card's serial number from its vital product data; a VF has its PF's.
    public var cardSerial: String?
    /// Its own netdev on the host, if it has one now.
    public var interfaceName: String?
    /// Name of the vDPA device, such as `vdpa0`.
    public var vdpaName: String?
    /// MAC the device has now, lower case; nil when it could not be read.
    public var macAddress: String?
    /// Whether the agent can give the device another MAC. Where it can't, the port adopts the
    /// device's (see `NetworkPort.macChosenByUser`).
    public var macSettable: Bool
    /// Netdev on the host that is the switch's side of the VF.
    public var representor: String?
    /// Why the device can't be used now; empty when it can.
    public var problems: [String]

    /// A usable device; see the fields.
    public init(
        id: DeviceID, kind: DeviceKind, address: PCIAddress, vendorID: String, productID: String
    ) {
        self.id = id
        self.kind = kind
        self.address = address
        self.vendorID = vendorID
        self.productID = productID
        macSettable = false
        problems = []
    }
}

/// Kinds of device, as listed to operators.
public enum DeviceKind: String, Codable, Sendable, CaseIterable {
    /// A function that is neither PF nor VF.
    case pci = "PCI"
    /// A physical function.
    case pf = "PF"
    /// A virtual function.
    case vf = "VF"
    /// A VF that carries a vDPA device bound to `vhost_vdpa`.
    case vdpa
}

/// Where a device stands; always derived from the ledger and the last report, never stored.
public enum DeviceState: String, Codable, Sendable {
    /// Free.
    case available
    /// Owned by an instance that doesn't use it yet.
    case claimed
    /// Used by an instance.
    case allocated
    /// Can't be given out: a relative is taken, or the device has a problem.
    case unavailable
}
