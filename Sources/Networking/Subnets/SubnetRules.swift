import ComputeModel

/// What subnets may look like. Pure.
enum SubnetRules {
    private static let ipv6Modes = ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]
    private static let serversMax = 5
    private static let routesMax = 20

    /// The prefix that a CIDR text names.
    static func prefix(_ request: SubnetRequest) throws(DomainError) -> IPPrefix {
        guard request.cidr.contains("/"), let prefix = IPPrefix(request.cidr) else {
            throw invalid("cidr", "'\(request.cidr)' is not a valid IP subnet.")
        }
        guard prefix.isNetworkForm else {
            throw invalid(
                "cidr",
                "'\(request.cidr)' isn't a recognized IP subnet cidr, '\(prefix.network)' is"
                    + " recommended.")
        }
        guard prefix.length > 0 else {
            throw invalid("cidr", "0 is not allowed as CIDR prefix length.")
        }
        guard request.ipVersion ?? prefix.version.rawValue == prefix.version.rawValue else {
            throw invalid(
                "ip_version",
                "the cidr '\(request.cidr)' does not match the ip_version"
                    + " '\(request.ipVersion ?? 0)'.")
        }
        return prefix
    }

    /// The gateway's address. The usual one is the first address that guests may have (IPv4), or
    /// the routers' anycast address (IPv6).
    static func gateway(
        _ choice: GatewayChoice, in prefix: IPPrefix
    ) throws(DomainError) -> IPAddress? {
        switch choice {
        case .none: return nil
        case .automatic:
            guard prefix.length < prefix.version.bits - 1 else { return nil }
            return prefix.version == .v4 ? prefix.usable.lowerBound : prefix.first
        case .address(let text):
            guard let address = IPAddress(text) else {
                throw invalid("gateway_ip", "'\(text)' is not a valid IP address.")
            }
            let isInside = prefix.isUsable(address) || address == prefix.first
            guard address.version == prefix.version,
                prefix.version == .v6 || isInside && (address != prefix.first || prefix.length > 30)
            else {
                throw invalid("gateway_ip", "'\(text)' is not a gateway for \(prefix).")
            }
            return address
        }
    }

    /// The ranges to give addresses from: inside the subnet, apart from each other and from the
    /// gateway.
    static func pools(
        _ asked: [AddressRange]?, in prefix: IPPrefix, gateway: IPAddress?
    ) throws(DomainError) -> AddressPools {
        guard let asked else { return AddressPools(of: prefix, gateway: gateway) }
        var ranges: [ClosedRange<IPAddress>] = []
        for pool in asked {
            let shown = "\(pool.start)-\(pool.end)"
            guard let start = IPAddress(pool.start), let end = IPAddress(pool.end), start <= end
            else {
                throw invalid("allocation_pools", "the allocation pool \(shown) is not valid.")
            }
            guard prefix.isUsable(start), prefix.isUsable(end) else {
                throw invalid(
                    "allocation_pools",
                    "the allocation pool \(shown) spans beyond the subnet cidr \(prefix).")
            }
            guard !ranges.contains(where: { $0.overlaps(start...end) }) else {
                throw invalid(
                    "allocation_pools",
                    "found overlapping allocation pools: \(shown) for subnet \(prefix).")
            }
            if let gateway, (start...end).contains(gateway) {
                throw .conflict(
                    .subnet, .addressInUse,
                    "Gateway ip \(gateway) conflicts with allocation pool \(shown).")
            }
            ranges.append(start...end)
        }
        return AddressPools(ranges)
    }

    /// Checks name servers and routes.
    static func check(
        servers: [String], routes: [HostRoute], prefix: IPPrefix
    ) throws(DomainError) {
        guard servers.count <= serversMax, routes.count <= routesMax else {
            throw invalid(
                "dns_nameservers",
                "at most \(serversMax) name servers and \(routesMax) routes are allowed.")
        }
        for server in servers where IPAddress(server) == nil {
            throw invalid("dns_nameservers", "'\(server)' is not a valid IP address.")
        }
        for route in routes {
            guard let destination = IPPrefix(route.destination),
                let nexthop = IPAddress(route.nexthop), destination.version == prefix.version,
                nexthop.version == prefix.version
            else {
                throw invalid(
                    "host_routes",
                    "the route to '\(route.destination)' by '\(route.nexthop)' is not valid in"
                        + " \(prefix).")
            }
        }
    }

    /// Checks the IPv6 modes.
    static func checkModes(_ request: SubnetRequest, _ prefix: IPPrefix) throws(DomainError) {
        let modes = [
            ("ipv6_address_mode", request.ipv6AddressMode), ("ipv6_ra_mode", request.ipv6RAMode),
        ]
        for (field, mode) in modes {
            guard let mode else { continue }
            guard ipv6Modes.contains(mode) else {
                throw invalid(
                    field, "'\(mode)' is not in \(ipv6Modes.joined(separator: ", ")).")
            }
            guard prefix.version == .v6, request.enableDHCP else {
                throw invalid(field, "it needs an IPv6 subnet with enable_dhcp.")
            }
            guard mode == "dhcpv6-stateful" || prefix.length == 64 else {
                throw invalid(field, "'\(mode)' needs a prefix of 64 bits, not \(prefix).")
            }
        }
        if let ra = request.ipv6RAMode, let address = request.ipv6AddressMode, ra != address {
            throw invalid("ipv6_ra_mode", "'\(ra)' differs from ipv6_address_mode '\(address)'.")
        }
    }

    private static func invalid(_ field: String, _ why: String) -> DomainError {
        .invalid(.subnet, field: field, "Invalid input for operation: \(why)")
    }
}
