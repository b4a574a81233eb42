import ComputeModel

/// An address that a port asks for.
public struct FixedIPRequest: Sendable, Equatable {
    /// From this subnet; nil: from the one that has the address.
    public var subnetID: SubnetID?
    /// This address; nil: any.
    public var address: String?

    /// At least one of both.
    public init(subnetID: SubnetID?, address: String?) {
        self.subnetID = subnetID
        self.address = address
    }
}

/// A port as callers ask for it. Nil means "as usual".
public struct PortRequest: Sendable {
    /// The network it is on.
    public var networkID: NetworkID
    /// The owner; nil: the caller's project.
    public var projectID: ProjectID?
    /// Display name.
    public var name = ""
    /// Free text.
    public var description = ""
    /// A MAC of the caller's choice, which no device may change.
    public var macAddress: MACAddress?
    /// Nil: one address of each family that the network has; empty: none.
    public var fixedIPs: [FixedIPRequest]?
    /// Nil: the project's default group.
    public var securityGroups: [SecurityGroupID]?
    /// Nil: as the network says.
    public var portSecurityEnabled: Bool?
    /// Further addresses it may send from.
    public var allowedAddressPairs: [AllowedAddressPair] = []
    /// Administrative state.
    public var adminStateUp = true
    /// What kind of NIC the guest gets.
    public var vnicType = VNICType.normal
    /// Who uses it, when it is no instance.
    public var deviceID = ""
    /// What uses it.
    public var deviceOwner = ""
    /// `binding:profile` by key, as JSON text; administrators only.
    public var userProfile: [String: String] = [:]
    /// NUMA wish.
    public var numaAffinityPolicy: String?
    /// What its device must be able to do; nil when any will do.
    public var deviceRequirements: DeviceRequirements?
    /// Name for DNS.
    public var dnsName = ""
    /// Labels.
    public var tags: [String] = []

    /// A plain port on `networkID`.
    public init(networkID: NetworkID) {
        self.networkID = networkID
    }
}

/// What changes of a port. Nil leaves a field as it is.
public struct PortChange: Sendable {
    /// Display name.
    public var name: String?
    /// Free text.
    public var description: String?
    /// Another MAC; only while unbound.
    public var macAddress: MACAddress?
    /// All addresses it is to have.
    public var fixedIPs: [FixedIPRequest]?
    /// All groups it is to have.
    public var securityGroups: [SecurityGroupID]?
    /// Whether anti-spoofing and security groups apply.
    public var portSecurityEnabled: Bool?
    /// All pairs it is to have.
    public var allowedAddressPairs: [AllowedAddressPair]?
    /// Administrative state.
    public var adminStateUp: Bool?
    /// Another kind of NIC; only while unbound.
    public var vnicType: VNICType?
    /// Who uses it; not while an instance does.
    public var deviceID: String?
    /// What uses it; not while an instance does.
    public var deviceOwner: String?
    /// Another `binding:profile`; administrators only, and only while unbound.
    public var userProfile: [String: String]?
    /// Another NUMA wish; the inner nil clears it.
    public var numaAffinityPolicy: String??
    /// Other wishes for its device, all of them; only while unbound. The inner nil clears them.
    public var deviceRequirements: DeviceRequirements??
    /// Another name for DNS.
    public var dnsName: String?

    /// No change.
    public init() {}
}
