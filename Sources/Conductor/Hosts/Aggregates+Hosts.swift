import ComputeModel
import Persistence
import Placement

extension Aggregates {
    /// Hosts that one change may give another zone: each is part of the transaction.
    static let movedHostsMax = 100

    /// Adds a host.
    ///
    /// Throws `notFound` for a host that isn't known; `conflict(.nameTaken)` for one that is in the
    /// aggregate already; `conflict(.state)` when the host would be in two zones, or would change
    /// its zone under the servers that it has.
    public func add(host name: String, to id: Int) async throws -> HostAggregate {
        try await changing(id) { aggregate, snapshot, _ in
            guard try snapshot.list(ComputeHost.self).contains(where: { $0.value.name == name })
            else {
                throw DomainError.notFound(.host, name)
            }
            guard !aggregate.hosts.contains(name) else {
                throw DomainError.conflict(
                    .aggregate, .nameTaken, "Aggregate \(id) already has host \(name).")
            }
            aggregate.hosts.append(name)
        }
    }

    /// Takes a host out. Throws `notFound` for one that isn't in, and `conflict(.state)` as
    /// `add(host:to:)` does.
    public func remove(host name: String, from id: Int) async throws -> HostAggregate {
        try await changing(id) { aggregate, _, _ in
            guard let index = aggregate.hosts.firstIndex(of: name) else {
                throw DomainError.notFound(.host, "\(name) in aggregate \(id)")
            }
            aggregate.hosts.remove(at: index)
        }
    }

    /// Refuses a change that puts a host into two zones, or moves a host with servers into another.
    /// The ledgers of all hosts concerned are written, unchanged: whoever places a server, or puts
    /// the host into a zone, at the same time has to look again.
    func settleZones(
        from old: HostAggregate, to new: HostAggregate, _ snapshot: DocumentSnapshot,
        _ transaction: inout DocumentTransaction
    ) throws {
        let concerned = Self.concerned(old, new)
        guard !concerned.isEmpty else { return }
        guard concerned.count <= Self.movedHostsMax else {
            throw DomainError.invalid(
                .aggregate, field: Self.zoneKey,
                "Aggregate \(new.id) has \(concerned.count) hosts; the zone of at most"
                    + " \(Self.movedHostsMax) can be changed at once. Make another aggregate with"
                    + " that zone, and move the hosts one by one.")
        }
        let others = try snapshot.list(HostAggregate.self).map(\.value).filter { $0.id != new.id }
        let before = HostZones(others + [old])
        let after = HostZones(others + [new])
        for host in try snapshot.list(ComputeHost.self).map(\.value)
        where concerned.contains(host.name) {
            try Self.refuseTwoZones(host.name, new, after)
            guard let ledger = try snapshot.get(HostLedger.self, host.id.text) else { continue }
            if before.zone(of: host) != after.zone(of: host) {
                try Self.refuseIfUsed(ledger.value, host.name, new, after.zone(of: host))
            }
            try transaction.update(ledger, to: ledger.value)
        }
    }

    /// Hosts that come or go, or all of them when the zone changes; none when no zone is at stake.
    private static func concerned(_ old: HostAggregate, _ new: HostAggregate) -> Set<String> {
        guard old.zone == new.zone else { return Set(old.hosts).union(new.hosts) }
        return new.zone == nil ? [] : Set(old.hosts).symmetricDifference(new.hosts)
    }

    private static func refuseTwoZones(
        _ host: String, _ aggregate: HostAggregate, _ zones: HostZones
    ) throws(DomainError) {
        let names = Set(zones.aggregates(ofHostNamed: host).compactMap(\.zone))
        guard names.count > 1 else { return }
        let others = names.filter { $0 != aggregate.zone }.sorted()
        throw .conflict(
            .aggregate, .state,
            "Cannot change aggregate \(aggregate.id). Reason: One or more hosts already in"
                + " availability zone(s) \(others.joined(separator: ", ")): \(host).")
    }

    private static func refuseIfUsed(
        _ ledger: HostLedger, _ host: String, _ aggregate: HostAggregate, _ zone: String
    ) throws(DomainError) {
        let servers = ledger.claims.count { $0.phase != .releasing }
        guard servers > 0 else { return }
        throw .conflict(
            .aggregate, .state,
            "Cannot change aggregate \(aggregate.id). Reason: host \(host) has \(servers) servers,"
                + " and would move to availability zone \(zone) under them.")
    }
}
