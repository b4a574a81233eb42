import ComputeModel
import DeviceTracking

/// The hosts that may be able to take a request, found by numbers alone. Never leaves out a host
/// that can; one that can't is found out later, when its devices are looked at.
struct FleetScan {
    /// A host that passed, with what it is weighed by.
    struct Pass {
        let position: Int
        /// Free devices that would serve the request; for one without devices all free ones.
        let freeDevices: Int
        /// How rich its plainest free device is that would serve the request: the number of the
        /// device's class among those that serve it, the plainest first.
        let leastRank: Int
    }

    /// Like device requests, with the classes of device that will do, the plainest first.
    private struct Demand {
        let request: DeviceRequest
        let count: Int
        let ranks: [Int]
        /// Free devices of each class by the host's position.
        let columns: [ContiguousArray<UInt16>]

        /// Free devices that would do on a host, and the rank of the plainest.
        func fitting(_ position: Int) -> (count: Int, rank: Int) {
            var sum = 0
            var rank = Int.max
            for index in columns.indices {
                let count = Int(columns[index][position])
                if count > 0, rank == .max { rank = ranks[index] }
                sum += count
            }
            return (sum, rank)
        }
    }

    let request: PlacementRequest
    let fleet: Fleet
    private let demands: [Demand]
    private let zone: Int?
    private let sharedVCPUs: Int
    private let dedicatedCPUs: Int
    private let memoryMiB: Int

    init(_ request: PlacementRequest, _ fleet: Fleet) {
        self.request = request
        self.fleet = fleet
        demands = Self.demands(request, fleet.classes)
        zone = request.zone.map { fleet.zone($0) ?? -1 }
        let isDedicated = request.topology?.cpuPolicy == .dedicated
        // What is not asked for may be overdrawn: an operator may have divided the host anew.
        sharedVCPUs = isDedicated ? .min : request.capacity.vcpus
        dedicatedCPUs = isDedicated ? request.capacity.vcpus : .min
        let isOrdinary = request.topology?.pageSize ?? .small == .small
        memoryMiB = isOrdinary ? request.capacity.memoryMiB : .min
    }

    /// All hosts that pass, in the fleet's order.
    func passing() -> [Pass] {
        if let candidates = restricted() { return candidates.compactMap { pass(at: $0) } }
        var passing: [Pass] = []
        passing.reserveCapacity(fleet.count)
        var position = 0
        for page in fleet.rows.pages {
            page.withUnsafeBufferPointer { rows in
                for row in rows {
                    if let pass = pass(at: position, row) { passing.append(pass) }
                    position += 1
                }
            }
        }
        return passing
    }

    /// What the host passes with; nil if it doesn't. Whether the request names other hosts is not
    /// looked at.
    func pass(at position: Int) -> Pass? { pass(at: position, fleet.rows[position]) }

    /// The first request for devices that a host has too few free ones for, whoever else asks.
    func unmet(at position: Int) -> DeviceRequest? {
        demands.first { $0.fitting(position).count < $0.count }?.request
    }

    /// Whether the request names the hosts that come into question.
    var isRestricted: Bool {
        let isTogether =
            request.group?.policy == .affinity && request.group?.members.isEmpty == false
        return request.hostName != nil || request.onlyHosts != nil || isTogether
    }

    /// The only positions that come into question, where the request names hosts; nil for all.
    private func restricted() -> [Int]? {
        if let name = request.hostName { return fleet.position(named: name).map { [$0] } ?? [] }
        if let only = request.onlyHosts { return only.compactMap { fleet.position(of: $0) } }
        if let group = request.group, group.policy == .affinity, !group.members.isEmpty {
            return group.members.keys.compactMap { fleet.position(of: $0) }
        }
        return nil
    }

    @inline(__always)
    private func pass(at position: Int, _ row: Fleet.Row) -> Pass? {
        guard row.isOpen, row.room.sharedVCPUs >= sharedVCPUs,
            row.room.dedicatedCPUs >= dedicatedCPUs, row.room.memoryMiB >= memoryMiB,
            row.room.diskGiB >= request.capacity.diskGiB, zone == nil || zone == row.zone
        else { return nil }
        var free = demands.isEmpty ? row.freeDevices : 0
        var leastRank = demands.isEmpty ? 0 : Int.max
        for demand in demands {
            let fitting = demand.fitting(position)
            guard fitting.count >= demand.count else { return nil }
            free += fitting.count
            leastRank = min(leastRank, fitting.rank)
        }
        return Pass(position: position, freeDevices: free, leastRank: leastRank)
    }

    private static func demands(
        _ request: PlacementRequest, _ classes: DeviceClassTable
    ) -> [Demand] {
        var groups: [(request: DeviceRequest, count: Int)] = []
        for device in request.devices {
            if let index = groups.firstIndex(where: { $0.request.isLike(device) }) {
                groups[index].count += 1
            } else {
                groups.append((device, 1))
            }
        }
        return groups.map { group in
            let ranked = ranked(classes.serving(group.request), classes)
            return Demand(
                request: group.request, count: group.count, ranks: ranked.map(\.rank),
                columns: ranked.map { classes.free[$0.number] })
        }
    }

    /// Classes with their rank: equal ones have the same number, the plainest 0.
    private static func ranked(
        _ numbers: [Int], _ classes: DeviceClassTable
    ) -> [(number: Int, rank: Int)] {
        let sorted = numbers.map { ($0, DeviceRank(of: classes.samples[$0])) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        var rank = 0
        return sorted.indices.map { index in
            if index > 0, sorted[index - 1].1 != sorted[index].1 { rank += 1 }
            return (sorted[index].0, rank)
        }
    }
}

extension DeviceRequest {
    /// Whether the same devices serve both, but for their MACs.
    fileprivate func isLike(_ other: DeviceRequest) -> Bool {
        alternatives == other.alternatives && network == other.network
            && requirements == other.requirements
    }
}
