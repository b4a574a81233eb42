import ComputeModel

/// A host that can take the request, with what to claim there.
public struct Candidate: Sendable, Equatable {
    /// The host.
    public var hostID: HostID
    /// Its name.
    public var hostName: String
    /// The exact devices to claim.
    public var devices: [DeviceClaim]
    /// Where the guest's NUMA nodes go; nil for a guest that floats.
    public var numa: NUMAPlacement?
    /// What it was ranked by; weighers that found all hosts alike are left out.
    public var weights: [WeightShare]
}

/// The outcome of a decision.
public struct PlacementDecision: Sendable {
    /// Hosts that can take the request, best first: the chosen one and alternates.
    public var candidates: [Candidate]
    /// Hosts that passed by their numbers and refused when looked at closely, each with its first
    /// reason; not complete when there are candidates.
    public var rejections: [HostRejection]
    /// Hosts that there are.
    public var hostCount: Int

    /// A decision, to be filled.
    public init(
        candidates: [Candidate] = [], rejections: [HostRejection] = [], hostCount: Int
    ) {
        self.candidates = candidates
        self.rejections = rejections
        self.hostCount = hostCount
    }

    /// The reasons as tenants may read them: categories with counts, the most frequent first.
    public var summary: String { Self.summary(rejections) }

    /// See `summary`. A host counts under its first reason.
    public static func summary(_ rejections: [HostRejection]) -> String {
        text(counts(rejections))
    }

    /// How many hosts were refused for which category; a host counts under its first reason.
    public static func counts(_ rejections: [HostRejection]) -> [String: Int] {
        Dictionary(grouping: rejections.compactMap(\.reasons.first?.category), by: { $0 })
            .mapValues(\.count)
    }

    /// Counts as one sentence for tenants.
    public static func text(_ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "There are no compute hosts." }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) host\($0.value == 1 ? "" : "s"): \($0.key)" }
            .joined(separator: "; ") + "."
    }
}

/// Why hosts refuse a request.
public struct Refusals: Sendable, Equatable {
    /// How many hosts refuse, by category; a host counts under its first reason.
    public var counts: [String: Int]
    /// Hosts with everything that speaks against them, ordered by name, within the caller's limit.
    public var details: [HostRejection]
}
