import ComputeModel
import DeviceTracking

/// Chooses hosts: a pure function of a request and a fleet. Claiming is not done here.
///
/// A decision scans the fleet's numbers, ranks the hosts that pass, and looks closely at the best
/// ones only, until it has as many candidates as were asked for:
///
/// ```
/// FleetScan (all hosts, numbers) -> Shortlist -> HostEvaluation (few hosts, devices, NUMA)
/// ```
public struct Scheduler: Sendable {
    /// Candidates of a decision unless told otherwise: the host and two alternates.
    public static let candidatesDefault = 3
    /// Devices that one rejection names at most.
    public static let deviceVerdictsMax = 256

    private let checks: [any HostCheck]
    private let weights: PlacementWeights

    /// A scheduler with all checks. None can be switched off: in Nova a filter that a deployment
    /// forgets is a device on the wrong network or host.
    public init(weights: PlacementWeights = PlacementWeights()) {
        self.weights = weights
        checks = [
            ServiceCheck(), PlaceCheck(), AggregateCheck(), ImageCheck(), GroupCheck(),
            CPUCheck(), MemoryCheck(), DiskCheck(), DriverCheck(),
        ]
    }

    /// Finds the best hosts for the request, best first.
    ///
    /// - Parameters:
    ///   - candidatesMax: stops when so many hosts are found.
    ///   - seed: spreads decisions over equal hosts; the same seed gives the same answer. Nil
    ///     takes the first by name.
    public func decide(
        _ request: PlacementRequest, fleet: Fleet, candidatesMax: Int = candidatesDefault,
        seed: UInt64? = nil
    ) -> PlacementDecision {
        decide(FleetScan(request, fleet), candidatesMax, seed).decision
    }

    /// The decision, and the best hosts by which it was made; nil when none passed the scan.
    func decide(
        _ scan: FleetScan, _ candidatesMax: Int, _ seed: UInt64?
    ) -> (decision: PlacementDecision, shortlist: Shortlist?) {
        let (request, fleet) = (scan.request, scan.fleet)
        var decision = PlacementDecision(hostCount: fleet.count)
        let passes = scan.passing()
        guard !passes.isEmpty else { return (decision, nil) }
        let ranking = HostRanking(passes, request, fleet, weights: weights, seed: seed)
        let shortlist = Shortlist(passes, ranking, fleet)
        examine(shortlist.hosts, request, fleet, ranking, candidatesMax, &decision)
        if !shortlist.isWhole, decision.candidates.count < candidatesMax {
            let ranked = passes.map { ranking.rank($0, fleet) }
                .sorted { ranking.precedes($0, $1, fleet) }
            examine(
                ranked.dropFirst(Shortlist.length), request, fleet, ranking, candidatesMax,
                &decision)
        }
        return (decision, shortlist)
    }

    /// Why hosts refuse the request: all that refuse by their numbers, and those of `decision`.
    ///
    /// - Parameters:
    ///   - decision: what ``decide(_:fleet:candidatesMax:seed:)`` said of the same request.
    ///   - detailMax: hosts that are told with all their reasons.
    public func refusals(
        _ request: PlacementRequest, fleet: Fleet, decision: PlacementDecision, detailMax: Int
    ) -> Refusals {
        let scan = FleetScan(request, fleet)
        let passing = Set(scan.passing().map(\.position))
        var refused = decision.rejections
        for position in 0..<fleet.count where !passing.contains(position) {
            refused.append(obstacle(position, request, fleet, scan))
        }
        refused.sort { $0.hostName < $1.hostName }
        var refusals = Refusals(counts: PlacementDecision.counts(refused), details: [])
        for rejection in refused.prefix(detailMax) {
            guard let position = fleet.position(of: rejection.hostID) else { continue }
            let evaluation = evaluation(position, request, fleet)
            refusals.details.append(evaluation.rejection(evaluation.reasons()))
        }
        // The close look knows more of a device's reasons than the numbers do.
        if refused.count <= detailMax {
            refusals.counts = PlacementDecision.counts(refusals.details)
        }
        return refusals
    }

    /// The first thing that speaks against a host that did not pass, told by numbers alone.
    private func obstacle(
        _ position: Int, _ request: PlacementRequest, _ fleet: Fleet, _ scan: FleetScan
    ) -> HostRejection {
        let evaluation = evaluation(position, request, fleet)
        if let reason = evaluation.firstFailedCheck { return evaluation.rejection([reason]) }
        guard let unmet = scan.unmet(at: position) else { return evaluation.rejection([]) }
        return evaluation.rejection([.device(DeviceShortage(unmet))])
    }

    /// Looks closely at one host after another, until there are as many candidates as wanted.
    func examine(
        _ hosts: some Sequence<HostRanking.Ranked>, _ request: PlacementRequest, _ fleet: Fleet,
        _ ranking: HostRanking, _ candidatesMax: Int, _ decision: inout PlacementDecision
    ) {
        for host in hosts {
            let evaluation = evaluation(host.pass.position, request, fleet)
            switch evaluation.offer() {
            case .failure(let rejection): decision.rejections.append(rejection)
            case .success(let offer):
                decision.candidates.append(
                    Candidate(
                        hostID: evaluation.host.host.id, hostName: evaluation.host.host.name,
                        devices: offer.devices, numa: offer.numa,
                        weights: ranking.told(host.pass, fleet)))
            }
            if decision.candidates.count == candidatesMax { return }
        }
    }

    private func evaluation(
        _ position: Int, _ request: PlacementRequest, _ fleet: Fleet
    ) -> HostEvaluation {
        HostEvaluation(
            host: fleet.host(at: position), request: request, room: fleet.rows[position].room,
            freeDevices: { fleet.freeDevices(at: position) },
            cpuRatio: fleet.ratios.cpu, checks: checks, verdictsMax: Self.deviceVerdictsMax)
    }
}
