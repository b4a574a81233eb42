public import ComputeModel
public import Persistence

/// Which zone and which aggregates each host is in: an aggregate with a zone makes it that of its
/// hosts, which otherwise are where they were configured to be.
public struct HostZones: Sendable {
    private var byHost: [String: [HostAggregate]] = [:]

    /// As `snapshot` has it.
    public init(_ snapshot: DocumentSnapshot) throws(StoreError) {
        self.init(try snapshot.list(HostAggregate.self).map(\.value))
    }

    /// As these aggregates have it.
    public init(_ aggregates: [HostAggregate]) {
        for aggregate in aggregates.sorted(by: { $0.id < $1.id }) {
            for host in aggregate.hosts { byHost[host, default: []].append(aggregate) }
        }
    }

    /// The aggregates that the host is in, ordered by id.
    public func aggregates(ofHostNamed name: String) -> [HostAggregate] {
        byHost[name] ?? []
    }

    /// The zone that an aggregate gives to the host; nil when none does.
    public func zone(ofHostNamed name: String) -> String? {
        byHost[name]?.lazy.compactMap(\.zone).first
    }

    /// The zone that the host is in.
    public func zone(of host: ComputeHost) -> String {
        zone(ofHostNamed: host.name) ?? host.zone
    }
}
