/// A route of a subnet beside the default route.
public struct InstanceRoute: Sendable, Hashable {
    /// The destination network's address, such as `10.1.0.0`.
    public let network: String
    /// The destination's prefix length: 0 to 32, or 0 to 128 for IPv6.
    public let prefixLength: Int
    /// The next hop's address.
    public let gateway: String

    /// - Parameters: see the properties of the same names.
    public init(network: String, prefixLength: Int, gateway: String) {
        self.network = network
        self.prefixLength = prefixLength
        self.gateway = gateway
    }
}

/// How a guest gets an address of a subnet.
public enum InstanceAddressing: String, Sendable, Hashable, CaseIterable {
    /// Static: the config drive gives the address.
    case ipv4
    case ipv4DHCP = "ipv4_dhcp"
    /// Static: the config drive gives the address.
    case ipv6
    case ipv6DHCP = "ipv6_dhcp"
    case ipv6SLAAC = "ipv6_slaac"
    case ipv6StatefulDHCP = "ipv6_dhcpv6-stateful"
    case ipv6StatelessDHCP = "ipv6_dhcpv6-stateless"

    /// 4 or 6.
    var version: Int { self == .ipv4 || self == .ipv4DHCP ? 4 : 6 }

    /// Nova leaves addresses out where plain DHCP gives them.
    var showsAddress: Bool { self != .ipv4DHCP && self != .ipv6DHCP }
}

/// An address of an interface, with its subnet.
public struct InstanceAddress: Sendable, Hashable {
    /// Static, or the protocol by which the guest asks.
    public let addressing: InstanceAddressing
    /// The fixed address, without prefix length.
    public let address: String
    /// The subnet's prefix length: 0 to 32, or 0 to 128 for IPv6.
    public let prefixLength: Int
    /// The default route's next hop; nil for a subnet without one.
    public let gateway: String?
    /// The subnet's host routes.
    public let routes: [InstanceRoute]
    /// The subnet's name servers, in order of preference.
    public let dnsServers: [String]

    /// - Parameters: see the properties of the same names.
    public init(
        addressing: InstanceAddressing, address: String, prefixLength: Int,
        gateway: String? = nil, routes: [InstanceRoute] = [], dnsServers: [String] = []
    ) {
        self.addressing = addressing
        self.address = address
        self.prefixLength = prefixLength
        self.gateway = gateway
        self.routes = routes
        self.dnsServers = dnsServers
    }
}

/// A network port of the instance, as the guest should configure it.
public struct InstanceInterface: Sendable, Hashable {
    /// The port's UUID; its first 11 characters make the link's id.
    public let portID: String
    /// The network's UUID.
    public let networkID: String
    /// The port's MAC, lower case with colons; for vDPA, the device's.
    public let macAddress: String
    /// In bytes; nil leaves the guest's default.
    public let mtu: Int?
    /// The port's fixed addresses, in the port's order.
    public let addresses: [InstanceAddress]

    /// - Parameters: see the properties of the same names.
    public init(
        portID: String, networkID: String, macAddress: String, mtu: Int?,
        addresses: [InstanceAddress]
    ) {
        self.portID = portID
        self.networkID = networkID
        self.macAddress = macAddress
        self.mtu = mtu
        self.addresses = addresses
    }
}
