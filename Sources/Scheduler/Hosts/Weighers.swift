import ComputeModel

/// What hosts that can take a request are ranked by. Each weigher's value is brought to 0...1 over
/// the hosts that passed, multiplied by its weight (taken negative where little is good), and the
/// sums are compared; higher is better.
/// The weights are so far apart that an earlier weigher usually decides before a later one.
public struct PlacementWeights: Sendable, Equatable {
    /// Few guests that failed to start there since one last did.
    public var buildFailures = 1_000.0
    /// Near the group's members, or far from them, as its soft policy wishes.
    public var group = 100.0
    /// Free devices of few features, so that rich devices are left for requests that need them.
    public var plainDevices = 30.0
    /// Few free devices of the wanted kind, so that others keep room for requests of several;
    /// guests without devices avoid hosts that have any.
    public var devicePacking = 10.0
    /// Much free memory.
    public var memory = 1.0
    /// Many free vCPUs.
    public var cpu = 0.1

    /// The defaults.
    public init() {}
}

/// The share of each weigher in a host's rank, for `millrace explain`.
public struct WeightShare: Sendable, Equatable, Codable {
    /// The weigher.
    public var name: String
    /// What it measured, in its own unit.
    public var value: Int
    /// What it added to the sum.
    public var share: Double
}

/// Ranks hosts that passed the scan.
struct HostRanking {
    /// A host with its sum.
    struct Ranked {
        let pass: FleetScan.Pass
        let sum: Double
        /// Decides between equal sums.
        let tie: UInt64
    }

    /// What is measured of each host, in the order of the vectors below.
    private static let names = [
        "build_failures", "group", "plain_devices", "device_packing", "memory", "cpu",
    ]

    private let seed: UInt64?
    /// Members of the group by position; empty unless its policy only ranks.
    private let members: [Int: Int]
    private let least: SIMD8<Double>
    /// What one more of each value adds to the sum; 0 where all hosts are alike.
    private let factors: SIMD8<Double>

    init(
        _ passes: [FleetScan.Pass], _ request: PlacementRequest, _ fleet: Fleet,
        weights: PlacementWeights, seed: UInt64?
    ) {
        self.seed = seed
        members = Self.members(request.group, fleet)
        var least = SIMD8<Double>(repeating: .infinity)
        var most = SIMD8<Double>(repeating: -.infinity)
        for pass in passes {
            let values = Self.values(pass, fleet, members)
            least = pointwiseMin(least, values)
            most = pointwiseMax(most, values)
        }
        let groupSign: Double = request.group?.policy == .softAffinity ? 1 : -1
        let signed = SIMD8<Double>(
            -weights.buildFailures, groupSign * weights.group, -weights.plainDevices,
            -weights.devicePacking, weights.memory, weights.cpu, 0, 0)
        let span = most - least
        factors = (signed / span).replacing(with: 0, where: .!(span .> 0))
        self.least = least
    }

    /// `fleet` is here and below the one that was scanned, or what became of it.
    func rank(_ pass: FleetScan.Pass, _ fleet: Fleet) -> Ranked {
        let sum = shares(pass, fleet).sum()
        let tie = seed.map { Spread.mix($0 ^ fleet.rows[pass.position].nameHash) } ?? 0
        return Ranked(pass: pass, sum: sum, tie: tie)
    }

    /// Whether `left` comes first.
    func precedes(_ left: Ranked, _ right: Ranked, _ fleet: Fleet) -> Bool {
        if left.sum != right.sum { return left.sum > right.sum }
        if left.tie != right.tie { return left.tie < right.tie }
        return fleet.host(at: left.pass.position).host.name
            < fleet.host(at: right.pass.position).host.name
    }

    /// The weighers that tell hosts apart, with what they found on this one.
    func told(_ pass: FleetScan.Pass, _ fleet: Fleet) -> [WeightShare] {
        let values = Self.values(pass, fleet, members)
        let shares = shares(pass, fleet)
        return Self.names.indices.filter { factors[$0] != 0 }.map {
            WeightShare(name: Self.names[$0], value: Int(values[$0]), share: shares[$0])
        }
    }

    private func shares(_ pass: FleetScan.Pass, _ fleet: Fleet) -> SIMD8<Double> {
        (Self.values(pass, fleet, members) - least) * factors
    }

    private static func values(
        _ pass: FleetScan.Pass, _ fleet: Fleet, _ members: [Int: Int]
    ) -> SIMD8<Double> {
        let row = fleet.rows[pass.position]
        let group = members.isEmpty ? 0 : members[pass.position] ?? 0
        return SIMD8(
            Double(row.buildFailures), Double(group), Double(pass.leastRank),
            Double(pass.freeDevices), Double(row.room.memoryMiB),
            Double(row.room.sharedVCPUs), 0, 0)
    }

    private static func members(_ group: GroupDemand?, _ fleet: Fleet) -> [Int: Int] {
        guard let group, group.policy.isSoft else { return [:] }
        var members: [Int: Int] = [:]
        for (id, count) in group.members {
            if let position = fleet.position(of: id) { members[position] = count }
        }
        return members
    }
}

extension GroupPolicy {
    /// Whether it only ranks hosts.
    var isSoft: Bool { self == .softAffinity || self == .softAntiAffinity }
}
