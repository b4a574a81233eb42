import ComputeModel

/// Decisions made one after another, each on top of the claims before it.
///
/// Who ask at the same time mostly ask for the like, so the best hosts of one scan are kept for
/// the next request that is like the first, and of all others only those are looked at that
/// changed since. When none of them can serve, the fleet is scanned anew. What is given up for it:
/// within a session like requests are ranked by the spans that the scan found, and equal hosts
/// come in the order of that scan's seed. Which hosts can serve is never taken from before: every
/// candidate was looked at closely, as it is now.
public struct DecisionSession: Sendable {
    /// Kinds of request whose best hosts are kept.
    private static let kindsMax = 8

    private struct Kept {
        let kind: PlacementRequest
        var shortlist: Shortlist
        /// How many of the session's changes it shows.
        var changesSeen: Int
    }

    /// With the claims of this session.
    public private(set) var fleet: Fleet
    private let scheduler: Scheduler
    private var kept: [Kept] = []
    /// Positions of hosts, in the order of their changes. A session takes no host away, so that
    /// they stay.
    private var changes: [Int] = []

    /// A session that begins with `fleet`.
    public init(_ scheduler: Scheduler, fleet: Fleet) {
        self.scheduler = scheduler
        self.fleet = fleet
    }

    /// The best hosts as of now, best first: the first time for a kind of request exactly what
    /// ``Scheduler/decide(_:fleet:candidatesMax:seed:)`` says.
    public mutating func decide(
        _ request: PlacementRequest, candidatesMax: Int = Scheduler.candidatesDefault,
        seed: UInt64? = nil
    ) -> PlacementDecision {
        let scan = FleetScan(request, fleet)
        // A scan of few hosts is cheap, and keeps out hosts that the request doesn't name.
        if scan.isRestricted {
            return scheduler.decide(
                request, fleet: fleet, candidatesMax: candidatesMax, seed: seed)
        }
        let kind = request.kind
        let index = kept.firstIndex { $0.kind == kind }
        if let index {
            bringUpToDate(&kept[index], scan)
            let shortlist = kept[index].shortlist
            var decision = PlacementDecision(hostCount: fleet.count)
            scheduler.examine(
                shortlist.hosts, request, fleet, shortlist.ranking, candidatesMax, &decision)
            if shortlist.isWhole || decision.candidates.count >= candidatesMax { return decision }
        }
        let (decision, shortlist) = scheduler.decide(scan, candidatesMax, seed)
        if let index { kept.remove(at: index) }
        if let shortlist {
            if kept.count == Self.kindsMax { kept.removeFirst() }
            kept.append(Kept(kind: kind, shortlist: shortlist, changesSeen: changes.count))
        }
        return decision
    }

    /// Puts a claim on its host, as it will be once stored.
    public mutating func add(_ claim: Claim, on id: HostID) {
        fleet.add(claim, on: id)
        note(id)
    }

    /// Notes whether a host is alive.
    public mutating func setUp(_ id: HostID, _ isUp: Bool) {
        fleet.setUp(id, isUp)
        note(id)
    }

    /// Replaces a host, such as by what it was before a claim.
    public mutating func put(_ host: HostSnapshot) {
        fleet.put(host)
        note(host.host.id)
    }

    private mutating func note(_ id: HostID) {
        if let position = fleet.position(of: id) { changes.append(position) }
    }

    private func bringUpToDate(_ kept: inout Kept, _ scan: FleetScan) {
        for position in Set(changes[kept.changesSeen...]) {
            kept.shortlist.update(position, scan.pass(at: position), fleet)
        }
        kept.changesSeen = changes.count
    }
}

extension PlacementRequest {
    /// The request without what a scan doesn't look at: what its devices are for, and their MACs.
    fileprivate var kind: PlacementRequest {
        var kind = self
        for index in kind.devices.indices {
            kind.devices[index].id = ""
            kind.devices[index].portID = nil
            kind.devices[index].alias = nil
            kind.devices[index].requiredMAC = nil
        }
        return kind
    }
}
