/// `network_data.json` as Nova writes it (schema "OpenStack Nova network metadata schema").
struct NetworkDataDocument: Encodable {
    struct Link: Encodable {
        let id: String
        let vifID: String
        let type: String
        let mtu: Int?
        let macAddress: String

        enum CodingKeys: String, CodingKey {
            case id, type, mtu
            case vifID = "vif_id"
            case macAddress = "ethernet_mac_address"
        }

        /// Nova writes `null` for an unknown MTU; readers expect the key.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(vifID, forKey: .vifID)
            try container.encode(type, forKey: .type)
            try container.encode(mtu, forKey: .mtu)
            try container.encode(macAddress, forKey: .macAddress)
        }
    }

    struct Route: Encodable {
        let network: String
        let netmask: String
        let gateway: String
    }

    struct Service: Encodable, Hashable {
        let type: String
        let address: String
    }

    struct Network: Encodable {
        let id: String
        let type: String
        let link: String
        let networkID: String
        var address: String?
        var netmask: String?
        var routes: [Route]?
        var services: [Service]?

        enum CodingKeys: String, CodingKey {
            case id, type, link, netmask, routes, services
            case networkID = "network_id"
            case address = "ip_address"
        }
    }

    private(set) var links: [Link] = []
    private(set) var networks: [Network] = []
    private(set) var services: [Service] = []

    /// Characters of the port's id in the name of its tap device, which is the link's id.
    private static let tapNameIDLength = 11

    init(_ interfaces: [InstanceInterface]) throws(ConfigDriveError) {
        for interface in interfaces {
            let id = "tap" + interface.portID.prefix(Self.tapNameIDLength)
            links.append(
                Link(
                    id: id, vifID: interface.portID, type: "ovs", mtu: interface.mtu,
                    macAddress: interface.macAddress))
            for address in interface.addresses {
                try add(address, link: id, networkID: interface.networkID)
            }
        }
    }

    private mutating func add(
        _ address: InstanceAddress, link: String, networkID: String
    ) throws(ConfigDriveError) {
        var network = Network(
            id: "network\(networks.count)", type: address.addressing.rawValue, link: link,
            networkID: networkID)
        let servers = address.dnsServers.map { Service(type: "dns", address: $0) }
        if address.addressing.showsAddress {
            let version = address.addressing.version
            network.address = address.address
            network.netmask = try Self.netmask(address.prefixLength, version)
            network.routes = try Self.routes(address, version)
            network.services = servers
        }
        networks.append(network)
        services += servers.filter { !services.contains($0) }
    }

    private static func routes(
        _ address: InstanceAddress, _ version: Int
    ) throws(ConfigDriveError) -> [Route] {
        var routes: [Route] = []
        if let gateway = address.gateway {
            let everywhere = version == 4 ? "0.0.0.0" : "::"
            routes.append(Route(network: everywhere, netmask: everywhere, gateway: gateway))
        }
        for route in address.routes {
            let mask = try netmask(route.prefixLength, version)
            routes.append(Route(network: route.network, netmask: mask, gateway: route.gateway))
        }
        return routes
    }

    private static func netmask(_ length: Int, _ version: Int) throws(ConfigDriveError) -> String {
        guard let text = Netmask.text(prefixLength: length, version: version) else {
            throw .badPrefixLength(length, version: version)
        }
        return text
    }
}
