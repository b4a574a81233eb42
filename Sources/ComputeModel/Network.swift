import Foundation

/// A virtual network.
public struct Network: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: NetworkID
    /// The owner.
    public var projectID: ProjectID
    /// Display name, not unique, may be empty.
    public var name: String
    /// Free text.
    public var description: String
    /// Administrative state; ports of a network that is down get no traffic.
    public var adminStateUp: Bool
    /// Whether every project may put ports on it.
    public var shared: Bool
    /// Whether it leads outside (`router:external`).
    public var external: Bool
    /// Largest packet in bytes, 68 to 9216.
    public var mtuBytes: Int
    /// How it is carried: `flat`, `vlan` or a tunnel such as `geneve`.
    public var networkType: NetworkType
    /// The physical network that carries it; nil for tunnels.
    public var physicalNetwork: String?
    /// VLAN id or tunnel key.
    public var segmentationID: Int?
    /// Whether ports get anti-spoofing and security groups unless they say otherwise.
    public var portSecurityEnabled: Bool
    /// Labels.
    public var tags: [String]
    /// Counts changes, from 1.
    public var revisionNumber: Int
    /// When it was made.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// A network; see the fields.
    public init(
        id: NetworkID, projectID: ProjectID, name: String, networkType: NetworkType,
        physicalNetwork: String?, segmentationID: Int?, mtuBytes: Int, createdAt: Date
    ) {
        self.id = id
        self.projectID = projectID
        self.name = name
        self.networkType = networkType
        self.physicalNetwork = physicalNetwork
        self.segmentationID = segmentationID
        self.mtuBytes = mtuBytes
        self.createdAt = createdAt
        self.updatedAt = createdAt
        description = ""
        adminStateUp = true
        shared = false
        external = false
        portSecurityEnabled = true
        tags = []
        revisionNumber = 1
    }
}

/// How a network is carried.
public enum NetworkType: String, Codable, Sendable, CaseIterable {
    case flat, vlan, geneve, vxlan, gre, local

    /// Whether it runs on a physical network that a device must be wired to.
    public var isPhysical: Bool { self == .flat || self == .vlan }
}

/// An address range of a network.
public struct Subnet: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: SubnetID
    /// The network it belongs to.
    public var networkID: NetworkID
    /// The owner.
    public var projectID: ProjectID
    /// Display name, may be empty.
    public var name: String
    /// Free text.
    public var description: String
    /// 4 or 6.
    public var ipVersion: Int
    /// In network form, such as `10.1.0.0/16`.
    public var cidr: String
    /// The router's address; nil for none.
    public var gatewayIP: String?
    /// Whether guests may take their address by DHCP.
    public var enableDHCP: Bool
    /// Ranges that addresses are given from, in order.
    public var allocationPools: [AddressRange]
    /// Name servers in order.
    public var dnsNameservers: [String]
    /// Static routes.
    public var hostRoutes: [HostRoute]
    /// IPv6 only: `slaac`, `dhcpv6-stateful`, `dhcpv6-stateless`.
    public var ipv6AddressMode: String?
    /// IPv6 only: as `ipv6AddressMode`.
    public var ipv6RAMode: String?
    /// Labels.
    public var tags: [String]
    /// Counts changes, from 1.
    public var revisionNumber: Int
    /// When it was made.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// A subnet; see the fields.
    public init(
        id: SubnetID, networkID: NetworkID, projectID: ProjectID, name: String, ipVersion: Int,
        cidr: String, gatewayIP: String?, allocationPools: [AddressRange], createdAt: Date
    ) {
        self.id = id
        self.networkID = networkID
        self.projectID = projectID
        self.name = name
        self.ipVersion = ipVersion
        self.cidr = cidr
        self.gatewayIP = gatewayIP
        self.allocationPools = allocationPools
        self.createdAt = createdAt
        self.updatedAt = createdAt
        description = ""
        enableDHCP = true
        dnsNameservers = []
        hostRoutes = []
        tags = []
        revisionNumber = 1
    }
}

/// A closed range of addresses.
public struct AddressRange: Codable, Sendable, Equatable {
    /// First address.
    public var start: String
    /// Last address, included.
    public var end: String

    /// From `start` to `end`, both included.
    public init(start: String, end: String) {
        self.start = start
        self.end = end
    }
}

/// A static route handed to guests.
public struct HostRoute: Codable, Sendable, Equatable {
    /// Destination CIDR.
    public var destination: String
    /// Next hop address.
    public var nexthop: String

    /// To `destination` by way of `nexthop`.
    public init(destination: String, nexthop: String) {
        self.destination = destination
        self.nexthop = nexthop
    }
}
