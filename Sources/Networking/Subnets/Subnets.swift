import ComputeModel
import ControlPlaneState
import Persistence

/// Address ranges of networks: who may see, make and change them.
public struct Subnets: Sendable {
    let context: NetworkingContext

    /// The subnets in `context`'s documents.
    public init(_ context: NetworkingContext) {
        self.context = context
    }

    /// Those that the caller may see, ordered by id.
    public func list(_ caller: Caller) throws -> [Subnet] {
        let snapshot = context.documents.snapshot()
        return try snapshot.list(Subnet.self).map(\.value).filter {
            try Self.maySee($0, caller, in: snapshot)
        }
    }

    /// One subnet. Throws `notFound` also for those the caller may not see.
    public func show(_ id: SubnetID, _ caller: Caller) throws -> Subnet {
        try Self.find(id, caller, in: context.documents.snapshot()).value
    }

    /// The subnets of a network, oldest first, whoever asks.
    public func of(_ network: NetworkID) throws -> [Subnet] {
        try Self.of(network, in: context.documents.snapshot())
    }

    /// The ids of all subnets by network, in order, whoever asks.
    public func idsByNetwork() throws -> [NetworkID: [SubnetID]] {
        var ids: [NetworkID: [SubnetID]] = [:]
        for subnet in try context.documents.list(Subnet.self) {
            ids[subnet.value.networkID, default: []].append(subnet.value.id)
        }
        return ids
    }

    static func of(_ network: NetworkID, in snapshot: DocumentSnapshot) throws -> [Subnet] {
        try snapshot.list(Subnet.self).map(\.value).filter { $0.networkID == network }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Makes a subnet; its network gets a new revision. Throws `notFound` for the network,
    /// `forbidden` on the network of another project, `invalid` with the field, and
    /// `conflict(.subnetOverlap)`.
    public func create(_ request: SubnetRequest, _ caller: Caller) async throws -> Subnet {
        let prefix = try SubnetRules.prefix(request)
        let gateway = try SubnetRules.gateway(request.gateway, in: prefix)
        let pools = try SubnetRules.pools(request.allocationPools, in: prefix, gateway: gateway)
        try SubnetRules.check(
            servers: request.dnsNameservers, routes: request.hostRoutes, prefix: prefix)
        try SubnetRules.checkModes(request, prefix)
        try NetworkText.checkTags(request.tags, .subnet)
        return try await context.changing(.subnet) { snapshot, transaction in
            let found = try Networks.find(request.networkID, caller, in: snapshot)
            try Networks.mayChange(found.value, caller)
            try refuseOverlap(prefix, found.value, snapshot)
            var subnet = Subnet(
                id: .init(uuid: context.makeUUID()), networkID: request.networkID,
                projectID: request.projectID ?? caller.projectID, name: request.name,
                ipVersion: prefix.version.rawValue, cidr: prefix.network,
                gatewayIP: gateway?.description, allocationPools: pools.stored,
                createdAt: context.now())
            subnet.description = request.description
            subnet.enableDHCP = request.enableDHCP
            subnet.dnsNameservers = request.dnsNameservers
            subnet.hostRoutes = request.hostRoutes
            subnet.ipv6AddressMode = request.ipv6AddressMode
            subnet.ipv6RAMode = request.ipv6RAMode
            subnet.tags = request.tags
            // The network's new revision also keeps two overlapping subnets from being made at
            // the same time, and the network from going meanwhile.
            var network = found.value
            network.touch(context)
            try transaction.update(found, to: network)
            try transaction.insert(subnet)
            return subnet
        }
    }

    /// Changes a subnet. Addresses that were given out stay as they are.
    public func update(
        _ id: SubnetID, _ caller: Caller, _ change: SubnetChange
    ) async throws -> Subnet {
        try await changing(id, caller) { subnet in
            guard let prefix = IPPrefix(subnet.cidr) else {
                throw DomainError.internalFailure(
                    "subnet \(id) is stored with the cidr '\(subnet.cidr)'")
            }
            if let name = change.name { subnet.name = name }
            if let description = change.description { subnet.description = description }
            if let enabled = change.enableDHCP { subnet.enableDHCP = enabled }
            if let servers = change.dnsNameservers { subnet.dnsNameservers = servers }
            if let routes = change.hostRoutes { subnet.hostRoutes = routes }
            try SubnetRules.check(
                servers: subnet.dnsNameservers, routes: subnet.hostRoutes, prefix: prefix)
            if let choice = change.gateway {
                subnet.gatewayIP = try SubnetRules.gateway(choice, in: prefix)?.description
            }
            guard change.gateway != nil || change.allocationPools != nil else { return }
            subnet.allocationPools = try SubnetRules.pools(
                change.allocationPools ?? subnet.allocationPools, in: prefix,
                gateway: subnet.gatewayIP.flatMap { IPAddress($0) }
            ).stored
        }
    }

    /// Changes the tags of a subnet.
    public func tag(
        _ id: SubnetID, _ caller: Caller, _ change: (inout [String]) throws -> Void
    ) async throws {
        _ = try await changing(id, caller) { subnet in
            try NetworkText.retag(&subnet.tags, .subnet, change)
        }
    }

    /// Removes a subnet. Throws `conflict(.subnetInUse)` while ports have addresses from it.
    public func delete(_ id: SubnetID, _ caller: Caller) async throws {
        let snapshot = context.documents.snapshot()
        try mayChange(Self.find(id, caller, in: snapshot).value, caller, snapshot)
        try await context.deleteUnused(.subnet, id.text) { snapshot in
            let prefix = Reservation.prefix(kind: "ip", scope: id.text)
            guard let used = try snapshot.list(Reservation.self, prefix: prefix).first else {
                return
            }
            throw DomainError.conflict(
                .subnet, .subnetInUse,
                "Unable to complete operation on subnet \(id): One or more ports have an IP"
                    + " allocation from this subnet, among them port \(used.value.holder).")
        } delete: { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            let networkID = current.value.networkID.text
            if let found = try snapshot.get(Network.self, networkID) {
                var network = found.value
                network.touch(context)
                try transaction.update(found, to: network)
            }
            try transaction.delete(current)
        }
    }

    private func changing(
        _ id: SubnetID, _ caller: Caller, _ change: (inout Subnet) throws -> Void
    ) async throws -> Subnet {
        try await context.changing(.subnet) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            try mayChange(current.value, caller, snapshot)
            var subnet = current.value
            try change(&subnet)
            subnet.revisionNumber += 1
            subnet.updatedAt = context.now()
            try transaction.update(current, to: subnet)
            return subnet
        }
    }

    private func refuseOverlap(
        _ prefix: IPPrefix, _ network: Network, _ snapshot: DocumentSnapshot
    ) throws {
        let others = try Self.of(network.id, in: snapshot)
        guard others.count < NetworkLimits.subnetsPerNetworkMax else {
            throw DomainError.overQuota(
                resource: "subnet", used: others.count, requested: 1,
                limit: NetworkLimits.subnetsPerNetworkMax)
        }
        guard
            let other = others.first(where: { IPPrefix($0.cidr)?.overlaps(prefix) ?? false })
        else { return }
        throw DomainError.conflict(
            .subnet, .subnetOverlap,
            "Invalid input for operation: Requested subnet with cidr: \(prefix) for network:"
                + " \(network.id) overlaps with another subnet (\(other.id), \(other.cidr)).")
    }

    private func mayChange(
        _ subnet: Subnet, _ caller: Caller, _ snapshot: DocumentSnapshot
    ) throws {
        guard !caller.maySee(subnet.projectID) else { return }
        guard let network = try snapshot.get(Network.self, subnet.networkID.text) else { return }
        try Networks.mayChange(network.value, caller)
    }

    private static func find(
        _ id: SubnetID, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Versioned<Subnet> {
        guard isObjectID(id.text), let subnet = try snapshot.get(Subnet.self, id.text),
            try maySee(subnet.value, caller, in: snapshot)
        else { throw DomainError.notFound(.subnet, id.text) }
        return subnet
    }

    /// A subnet is seen by its owner and by all who may use its network.
    private static func maySee(
        _ subnet: Subnet, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Bool {
        if caller.maySee(subnet.projectID) { return true }
        let network = try snapshot.get(Network.self, subnet.networkID.text)?.value
        return network.map { $0.shared || caller.maySee($0.projectID) } ?? false
    }
}
