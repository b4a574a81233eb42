import ComputeModel
import DeviceTracking

/// Chooses hosts: a pure function of a request and a snapshot. Claiming is the Conductor's.
public struct Scheduler: Sendable {
    private let checks: [any HostCheck & Sendable]

    /// A scheduler with all checks; none can be switched off (gap G07).
    public init(ratios: OvercommitRatios) {
        checks = [
            ServiceCheck(), PlaceCheck(), CPUCheck(ratio: ratios.cpu), MemoryCheck(), DiskCheck(),
            VDPACheck(),
        ]
    }

    /// Ranks the hosts that can take the request, best first, and says of each other one why not.
    ///
    /// Ranking: hosts with fewer free devices of the wanted kinds first, so that devices stay
    /// together for requests that need several; requests without devices avoid hosts that have
    /// any. Then more free memory, then the host's name, so that equal inputs give equal answers.
    public func decide(_ request: PlacementRequest, hosts: [HostSnapshot]) -> PlacementDecision {
        var candidates: [(candidate: Candidate, weight: Weight)] = []
        var rejections: [HostRejection] = []
        for host in hosts {
            let reasons = checks.compactMap { $0.rejection(host, request) }
            guard reasons.isEmpty else {
                rejections.append(Self.rejection(host, reasons))
                continue
            }
            switch Self.devices(request, host) {
            case .failure(let rejection): rejections.append(rejection)
            case .success(let found):
                let candidate = Candidate(
                    hostID: host.host.id, hostName: host.host.name, devices: found.claims)
                let free = (host.report?.memoryMiB ?? 0) - host.ledger.taken.memoryMiB
                candidates.append(
                    (candidate, Weight(freeDevices: found.free, freeMemory: free)))
            }
        }
        candidates.sort { left, right in
            left.weight == right.weight
                ? left.candidate.hostName < right.candidate.hostName
                : left.weight < right.weight
        }
        return PlacementDecision(
            candidates: candidates.map(\.candidate), rejections: rejections)
    }

    private static func devices(
        _ request: PlacementRequest, _ host: HostSnapshot
    ) -> Result<(claims: [DeviceClaim], free: Int), RejectedHost> {
        let states = DeviceStates(devices: host.report?.devices ?? [], ledger: host.ledger)
        let free = states.available
        guard !request.devices.isEmpty else { return .success(([], free.count)) }
        switch DeviceChoice.choose(request.devices, from: free) {
        case .success(let claims):
            let kinds = Set(request.devices.map(\.kind))
            return .success((claims, free.filter { kinds.contains($0.kind) }.count))
        case .failure(let unmet):
            let shortage = shortage(unmet.request, states)
            return .failure(rejection(host, [.device(shortage)]))
        }
    }

    private static func shortage(
        _ request: DeviceRequest, _ states: DeviceStates
    ) -> DeviceShortage {
        let ofKind = states.entries.filter { $0.device.kind == request.kind }
        var anyMAC = request
        anyMAC.requiredMAC = nil
        let wired = ofKind.filter { anyMAC.refusal(of: $0.device) == nil }
        return DeviceShortage(
            portID: request.portID, kind: request.kind, physicalNetwork: request.physicalNetwork,
            ofKind: ofKind.count, onNetwork: wired.count,
            free: wired.filter { $0.state == .available }.count, wantedMAC: request.requiredMAC)
    }

    private static func rejection(_ host: HostSnapshot, _ reasons: [Rejection]) -> RejectedHost {
        HostRejection(hostID: host.host.id, hostName: host.host.name, reasons: reasons)
    }

    /// What hosts are compared by; smaller is better.
    private struct Weight: Comparable {
        let freeDevices: Int
        let freeMemory: Int

        static func < (left: Weight, right: Weight) -> Bool {
            left.freeDevices == right.freeDevices
                ? left.freeMemory > right.freeMemory : left.freeDevices < right.freeDevices
        }
    }
}

private typealias RejectedHost = HostRejection
extension HostRejection: Error {}

/// A host that can take the request, with the devices chosen there.
public struct Candidate: Sendable, Equatable {
    /// The host.
    public var hostID: HostID
    /// Its name.
    public var hostName: String
    /// The exact devices to claim.
    public var devices: [DeviceClaim]
}

/// The outcome of a decision.
public struct PlacementDecision: Sendable {
    /// Hosts that can take the request, best first.
    public var candidates: [Candidate]
    /// All others, each with its reasons.
    public var rejections: [HostRejection]

    /// The reasons as tenants may read them: categories with counts, the most frequent first.
    public var summary: String { Self.summary(rejections) }

    /// See `summary`. A host counts under its first reason.
    public static func summary(_ rejections: [HostRejection]) -> String {
        guard !rejections.isEmpty else { return "There are no compute hosts." }
        let counts = Dictionary(
            grouping: rejections.compactMap(\.reasons.first?.category), by: { $0 }
        ).mapValues(\.count)
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) host\($0.value == 1 ? "" : "s"): \($0.key)" }
            .joined(separator: "; ") + "."
    }
}
