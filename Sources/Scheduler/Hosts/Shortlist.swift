import ComputeModel

/// The best hosts of one scan, best first. Later it can be brought up to date host by host: it
/// stays true, by the yardstick of that scan, that no host outside it comes before its floor.
struct Shortlist {
    /// So many of the best hosts are ordered at first; the rest only if all of them refuse.
    static let length = 16

    /// Spans and ties of the scan.
    let ranking: HostRanking
    private(set) var hosts: [HostRanking.Ranked]
    /// The last host as it was; nil when no other passed.
    private let floor: HostRanking.Ranked?

    /// Whether no host outside the list passes.
    var isWhole: Bool { floor == nil }

    /// The best of `passes`, of which there must be one.
    init(_ passes: [FleetScan.Pass], _ ranking: HostRanking, _ fleet: Fleet) {
        self.ranking = ranking
        hosts = []
        hosts.reserveCapacity(Self.length + 1)
        for pass in passes {
            let host = ranking.rank(pass, fleet)
            if hosts.count == Self.length,
                !ranking.precedes(host, hosts[Self.length - 1], fleet)
            {
                continue
            }
            hosts.insert(host, at: Self.place(of: host, in: hosts, ranking, fleet))
            if hosts.count > Self.length { hosts.removeLast() }
        }
        floor = passes.count > hosts.count ? hosts.last : nil
    }

    /// Takes in what became of a host since the scan: its place, or that it passes no more.
    mutating func update(_ position: Int, _ pass: FleetScan.Pass?, _ fleet: Fleet) {
        hosts.removeAll { $0.pass.position == position }
        guard let pass else { return }
        let host = ranking.rank(pass, fleet)
        // Behind the floor are others, of which nobody knows how many come before this one.
        if let floor, ranking.precedes(floor, host, fleet) { return }
        hosts.insert(host, at: Self.place(of: host, in: hosts, ranking, fleet))
    }

    private static func place(
        of host: HostRanking.Ranked, in hosts: [HostRanking.Ranked], _ ranking: HostRanking,
        _ fleet: Fleet
    ) -> Int {
        var place = hosts.count
        while place > 0, ranking.precedes(host, hosts[place - 1], fleet) { place -= 1 }
        return place
    }
}
