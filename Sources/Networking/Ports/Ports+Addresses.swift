import ComputeModel
import Persistence

extension Ports {
    /// The addresses `port` gets for what was asked, with their reservations in the transaction.
    /// Of `existing`, those that fit a request are kept.
    func addresses(
        _ requests: [FixedIPRequest]?, for port: NetworkPort, keeping existing: [FixedIP],
        _ allocation: inout PortAllocation, in transaction: inout DocumentTransaction
    ) throws -> [FixedIP] {
        let subnets = try Subnets.of(port.networkID, in: allocation.snapshot)
        let found: [FixedIP]
        if let requests {
            guard requests.count <= NetworkLimits.addressesPerPortMax else {
                throw DomainError.invalid(
                    .port, field: "fixed_ips",
                    "A port has at most \(NetworkLimits.addressesPerPortMax) addresses, not"
                        + " \(requests.count).")
            }
            found = try asked(requests, port, subnets, keeping: existing, &allocation)
        } else {
            found = try usual(port, subnets, &allocation)
        }
        for ip in found {
            try allocation.use(Subnet.self, .subnet, ip.subnetID.text, in: &transaction)
            try allocation.reserve(.address(ip, of: port.id), in: &transaction)
        }
        return found
    }

    /// One IPv4 address, one IPv6 address, and one in each subnet where guests number themselves.
    private func usual(
        _ port: NetworkPort, _ subnets: [Subnet], _ allocation: inout PortAllocation
    ) throws -> [FixedIP] {
        var found: [FixedIP] = []
        for version in [4, 6] {
            let given = subnets.filter { $0.ipVersion == version && !$0.isAutoAddressed }
            guard !given.isEmpty else { continue }
            var address: FixedIP?
            for subnet in given where address == nil {
                address = try allocation.freeAddress(in: subnet).map {
                    FixedIP(subnetID: subnet.id, address: "\($0)")
                }
            }
            guard let address else { throw Self.exhausted(port.networkID) }
            found.append(address)
        }
        for subnet in subnets where subnet.isAutoAddressed {
            found.append(try automatic(port, subnet, &allocation))
        }
        return found
    }

    private func asked(
        _ requests: [FixedIPRequest], _ port: NetworkPort, _ subnets: [Subnet],
        keeping existing: [FixedIP], _ allocation: inout PortAllocation
    ) throws -> [FixedIP] {
        var spare = existing
        var found: [FixedIP] = []
        // Addresses asked for by name first: what is given at will must not take them.
        let ordered = requests.filter { $0.address != nil } + requests.filter { $0.address == nil }
        for request in ordered {
            let subnet = try subnet(for: request, on: port.networkID, subnets)
            let ip: FixedIP
            if let text = request.address {
                ip = try named(text, subnet, port, &allocation)
            } else if let kept = spare.first(where: { $0.subnetID == subnet.id }) {
                ip = kept
            } else if subnet.isAutoAddressed {
                ip = try automatic(port, subnet, &allocation)
            } else if let free = try allocation.freeAddress(in: subnet) {
                ip = FixedIP(subnetID: subnet.id, address: "\(free)")
            } else {
                throw Self.exhausted(port.networkID)
            }
            guard !found.contains(ip) else {
                throw DomainError.invalid(
                    .port, field: "fixed_ips",
                    "The address \(ip.address) is asked for twice in fixed_ips.")
            }
            spare.removeAll { $0 == ip }
            found.append(ip)
        }
        return found
    }

    /// The subnet a request means.
    private func subnet(
        for request: FixedIPRequest, on network: NetworkID, _ subnets: [Subnet]
    ) throws(DomainError) -> Subnet {
        if let id = request.subnetID {
            guard let subnet = subnets.first(where: { $0.id == id }) else {
                throw .invalid(
                    .port, field: "fixed_ips",
                    "Failed to create port on network \(network), because fixed_ips included"
                        + " invalid subnet \(id).")
            }
            return subnet
        }
        guard let text = request.address else {
            throw .invalid(
                .port, field: "fixed_ips",
                "An entry of fixed_ips needs a subnet_id or an ip_address.")
        }
        guard let address = IPAddress(text) else {
            throw .invalid(.port, field: "fixed_ips", "'\(text)' is not a valid IP address.")
        }
        let match = subnets.first { IPPrefix($0.cidr)?.contains(address) ?? false }
        guard let match else {
            throw .invalid(
                .port, field: "network_address",
                "IP address \(text) is not a valid IP for any of the subnets on the specified"
                    + " network.")
        }
        return match
    }

    /// An address asked for by name: inside the subnet, usable, and nobody else's.
    private func named(
        _ text: String, _ subnet: Subnet, _ port: NetworkPort,
        _ allocation: inout PortAllocation
    ) throws -> FixedIP {
        guard let address = IPAddress(text), let prefix = IPPrefix(subnet.cidr),
            prefix.isUsable(address)
        else {
            throw DomainError.invalid(
                .port, field: "subnet_address",
                "IP address \(text) is not a valid IP for the specified subnet \(subnet.id)"
                    + " (\(subnet.cidr)).")
        }
        let ip = FixedIP(subnetID: subnet.id, address: "\(address)")
        guard try !allocation.isTaken(.address(ip, of: port.id)) else {
            throw DomainError.conflict(
                .port, .addressInUse,
                "IP address \(address) already allocated in subnet \(subnet.id)")
        }
        allocation.take(address, in: subnet.id)
        return ip
    }

    /// The address a guest with the port's MAC gives itself.
    private func automatic(
        _ port: NetworkPort, _ subnet: Subnet, _ allocation: inout PortAllocation
    ) throws -> FixedIP {
        guard let mac = MACAddress(port.ownMACAddress), let prefix = IPPrefix(subnet.cidr),
            let address = mac.slaacAddress(in: prefix)
        else {
            throw DomainError.invalid(
                .port, field: "fixed_ips",
                "Subnet \(subnet.id) numbers its guests by their MAC, which needs a /64.")
        }
        return try named("\(address)", subnet, port, &allocation)
    }

    private static func exhausted(_ network: NetworkID) -> DomainError {
        .conflict(
            .port, .addressesExhausted,
            "No more IP addresses available on network \(network).")
    }
}

extension Subnet {
    /// Whether guests make their own addresses from their MAC.
    var isAutoAddressed: Bool {
        ipv6AddressMode == "slaac" || ipv6AddressMode == "dhcpv6-stateless"
    }
}
