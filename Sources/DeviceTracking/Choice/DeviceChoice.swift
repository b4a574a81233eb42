import ComputeModel

/// Chooses devices for all requests of one instance on one host.
///
/// If the requests can be met, they are. Of all ways the one is taken whose devices are nearest to
/// the guest, then poorest in features (see ``DeviceRank``), then lowest in address: equal
/// questions get equal answers, whatever the order of the devices. Like devices are
/// interchangeable, so the cost is devices x classes + classes x requests², and no combinations
/// are tried, but for the one thing that makes them necessary: requests that could take both a PF
/// and what is behind it.
public enum DeviceChoice {
    /// Matchings tried at most to keep PFs from the same instance as their children. Only hosts
    /// where more than a dozen PFs compete with their own children come near.
    static let matchingsMax = 4_096

    /// Gives each request a device from `free`, in the order of the requests; or says which is
    /// the first that can't be met together with those before it.
    ///
    /// - Parameters:
    ///   - free: what ``DeviceStates/available`` gives.
    ///   - guestCells: the host cells that the guest lies on; nil when it floats over the host, and
    ///     NUMA nodes then don't matter.
    ///   - sockets: the socket of each host cell, as far as known.
    public static func choose(
        _ requests: [DeviceRequest], from free: [Device], guestCells: [Int]? = nil,
        sockets: [Int: Int] = [:]
    ) -> Result<[DeviceClaim], UnmetDeviceRequest> {
        if requests.isEmpty { return .success([]) }
        let pool = DevicePool(
            .init(requests: requests, devices: free, guestCells: guestCells, sockets: sockets))
        if let matching = best(pool, requestCount: requests.count) {
            return .success(
                zip(requests, matching.devices).map { $0.claim(of: free[$1].id) })
        }
        let unmet = requests.indices.first { best(pool, requestCount: $0 + 1) == nil }
        return .failure(UnmetDeviceRequest(request: requests[unmet ?? requests.count - 1]))
    }

    /// The best matching without rivals: branch and bound over the conflicts that the matching
    /// without this rule has. Forbidding a side makes no matching better, so what is no better
    /// than the best known needs no branches.
    private static func best(_ pool: DevicePool, requestCount: Int) -> DeviceMatching? {
        var best: DeviceMatching?
        var open: [Set<DeviceRivalry>] = [[]]
        var tried = 0
        while let forbidden = open.popLast(), tried < matchingsMax {
            tried += 1
            let matching = DeviceMatching(
                pool, requestCount: requestCount, forbidden: forbidden)
            guard matching.isComplete else { continue }
            if let best, !matching.taken.lexicographicallyPrecedes(best.taken) { continue }
            guard let side = matching.conflict else {
                best = matching
                continue
            }
            open.append(forbidden.union([side]))
            open.append(forbidden.union([side.opponent]))
        }
        return best
    }
}

/// The request that no free device could serve together with those before it.
public struct UnmetDeviceRequest: Error, Sendable, Equatable {
    /// The request.
    public var request: DeviceRequest

    /// Names the request.
    public init(request: DeviceRequest) { self.request = request }
}
