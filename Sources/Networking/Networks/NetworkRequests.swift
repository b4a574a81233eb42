import ComputeModel

/// A network as callers ask for it. Nil means "as usual".
public struct NetworkRequest: Sendable {
    /// The owner; nil: the caller's project.
    public var projectID: ProjectID?
    /// Display name.
    public var name = ""
    /// Free text.
    public var description = ""
    /// Administrative state.
    public var adminStateUp = true
    /// Whether every project may use it; administrators only.
    public var shared = false
    /// Whether it leads outside; administrators only.
    public var external = false
    /// Largest packet in bytes; nil: 1500.
    public var mtuBytes: Int?
    /// Whether its ports get anti-spoofing unless they say otherwise.
    public var portSecurityEnabled = true
    /// How it is carried; administrators only.
    public var networkType: NetworkType?
    /// What carries it; administrators only.
    public var physicalNetwork: String?
    /// VLAN id; administrators only.
    public var segmentationID: Int?
    /// Labels.
    public var tags: [String] = []

    /// A network without name on a VLAN of Millrace's choice.
    public init() {}

    /// Whether it says how the network is to be carried.
    var namesProvider: Bool {
        networkType != nil || physicalNetwork != nil || segmentationID != nil
    }
}

/// What changes of a network. Nil leaves a field as it is.
public struct NetworkChange: Sendable {
    /// Display name.
    public var name: String?
    /// Free text.
    public var description: String?
    /// Administrative state.
    public var adminStateUp: Bool?
    /// Whether every project may use it; administrators only.
    public var shared: Bool?
    /// Whether it leads outside; administrators only.
    public var external: Bool?
    /// Largest packet in bytes.
    public var mtuBytes: Int?
    /// What new ports get.
    public var portSecurityEnabled: Bool?

    /// No change.
    public init() {}
}

/// Which gateway a subnet has.
public enum GatewayChoice: Sendable, Equatable {
    /// The first address of the subnet.
    case automatic
    /// None.
    case none
    /// This one.
    case address(String)
}

/// A subnet as callers ask for it.
public struct SubnetRequest: Sendable {
    /// The network it is for.
    public var networkID: NetworkID
    /// The owner; nil: the caller's project.
    public var projectID: ProjectID?
    /// Display name.
    public var name = ""
    /// Free text.
    public var description = ""
    /// 4 or 6; nil: as the CIDR says.
    public var ipVersion: Int?
    /// In network form.
    public var cidr: String
    /// The router's address.
    public var gateway = GatewayChoice.automatic
    /// Whether guests may take their address by DHCP.
    public var enableDHCP = true
    /// Ranges to give addresses from; nil: all but the gateway.
    public var allocationPools: [AddressRange]?
    /// Name servers in order.
    public var dnsNameservers: [String] = []
    /// Static routes.
    public var hostRoutes: [HostRoute] = []
    /// IPv6 only.
    public var ipv6AddressMode: String?
    /// IPv6 only.
    public var ipv6RAMode: String?
    /// Labels.
    public var tags: [String] = []

    /// The whole of `cidr` on `networkID`.
    public init(networkID: NetworkID, cidr: String) {
        self.networkID = networkID
        self.cidr = cidr
    }
}

/// What changes of a subnet. Nil leaves a field as it is.
public struct SubnetChange: Sendable {
    /// Display name.
    public var name: String?
    /// Free text.
    public var description: String?
    /// Another gateway.
    public var gateway: GatewayChoice?
    /// Whether guests may take their address by DHCP.
    public var enableDHCP: Bool?
    /// Other ranges; addresses given out already stay.
    public var allocationPools: [AddressRange]?
    /// Other name servers.
    public var dnsNameservers: [String]?
    /// Other routes.
    public var hostRoutes: [HostRoute]?

    /// No change.
    public init() {}
}
