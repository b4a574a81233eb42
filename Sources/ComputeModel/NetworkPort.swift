import Foundation

/// A port of a network: what a guest's NIC is plugged into.
public struct NetworkPort: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: PortID
    /// The network it is on.
    public var networkID: NetworkID
    /// The owner.
    public var projectID: ProjectID
    /// Display name, may be empty.
    public var name: String
    /// Free text.
    public var description: String
    /// The MAC that guest, switch and config drive agree on, lower case with colons.
    public var macAddress: String
    /// The MAC it was made with; it returns to it when a device lends it another.
    public var ownMACAddress: String
    /// Whether a user asked for that MAC, so that no device may change it.
    public var macChosenByUser: Bool
    /// Its addresses.
    public var fixedIPs: [FixedIP]
    /// Security groups; none when port security is off.
    public var securityGroups: [SecurityGroupID]
    /// Whether anti-spoofing and security groups apply.
    public var portSecurityEnabled: Bool
    /// Further addresses it may send from.
    public var allowedAddressPairs: [AllowedAddressPair]
    /// Administrative state.
    public var adminStateUp: Bool
    /// What kind of NIC the guest gets.
    public var vnicType: VNICType
    /// Who uses it: the instance's id, or "".
    public var deviceID: String
    /// What uses it: `compute:<zone>`, or "".
    public var deviceOwner: String
    /// Where it is wired; nil while unbound.
    public var binding: PortBinding?
    /// A second, inactive binding, on the host that its instance moves to.
    public var inactiveBinding: PortBinding?
    /// `binding:profile` keys given by an administrator, as JSON text by key.
    public var userProfile: [String: String]
    /// Whether the last report said that the wire is up.
    public var linkUp: Bool
    /// NUMA wish: required, preferred, legacy, socket.
    public var numaAffinityPolicy: String?
    /// What its device must be able to do; nil when any will do.
    public var deviceRequirements: DeviceRequirements?
    /// Name for DNS.
    public var dnsName: String
    /// Labels.
    public var tags: [String]
    /// Counts changes, from 1.
    public var revisionNumber: Int
    /// When it was made.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// An unbound port; see the fields.
    public init(
        id: PortID, networkID: NetworkID, projectID: ProjectID, name: String,
        macAddress: String, macChosenByUser: Bool, vnicType: VNICType, createdAt: Date
    ) {
        self.id = id
        self.networkID = networkID
        self.projectID = projectID
        self.name = name
        self.macAddress = macAddress
        self.ownMACAddress = macAddress
        self.macChosenByUser = macChosenByUser
        self.vnicType = vnicType
        self.createdAt = createdAt
        self.updatedAt = createdAt
        description = ""
        fixedIPs = []
        securityGroups = []
        portSecurityEnabled = true
        allowedAddressPairs = []
        adminStateUp = true
        deviceID = ""
        deviceOwner = ""
        userProfile = [:]
        linkUp = false
        dnsName = ""
        tags = []
        revisionNumber = 1
    }
}

/// An address of a port.
public struct FixedIP: Codable, Sendable, Equatable {
    /// The subnet it is from.
    public var subnetID: SubnetID
    /// The address.
    public var address: String

    /// `address` from the pools of `subnetID`.
    public init(subnetID: SubnetID, address: String) {
        self.subnetID = subnetID
        self.address = address
    }
}

/// A further address a port may send from.
public struct AllowedAddressPair: Codable, Sendable, Equatable {
    /// Address or CIDR.
    public var ipAddress: String
    /// MAC; nil means the port's own.
    public var macAddress: String?

    /// A pair; see the fields.
    public init(ipAddress: String, macAddress: String?) {
        self.ipAddress = ipAddress
        self.macAddress = macAddress
    }
}

/// The kinds of NIC that Neutron's API names (`binding:vnic_type`).
public enum VNICType: String, Codable, Sendable, CaseIterable {
    case normal, macvtap, direct, baremetal, vdpa
    case directPhysical = "direct-physical"
    case virtioForwarder = "virtio-forwarder"
    case smartNIC = "smart-nic"
    case remoteManaged = "remote-managed"
    case acceleratorDirect = "accelerator-direct"
    case acceleratorDirectPhysical = "accelerator-direct-physical"
}

/// Where a port is wired: made by the Conductor when an instance is placed.
public struct PortBinding: Codable, Sendable, Equatable {
    /// The host.
    public var hostID: HostID
    /// The host's name, as the API shows it.
    public var hostName: String
    /// The claimed device; nil for a NIC without one.
    public var deviceID: DeviceID?
    /// `vendor:product` of the device, as `pci_vendor_info`.
    public var pciVendorInfo: String?
    /// The VF's address on that host, as `pci_slot`. Shown to administrators; the agent looks the
    /// device up by its id and not by this.
    public var pciSlot: String?
    /// The device's physical network.
    public var physicalNetwork: String?

    /// A binding; see the fields.
    public init(
        hostID: HostID, hostName: String, deviceID: DeviceID?, pciVendorInfo: String?,
        pciSlot: String?, physicalNetwork: String?
    ) {
        self.hostID = hostID
        self.hostName = hostName
        self.deviceID = deviceID
        self.pciVendorInfo = pciVendorInfo
        self.pciSlot = pciSlot
        self.physicalNetwork = physicalNetwork
    }
}
