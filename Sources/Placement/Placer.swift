public import ComputeModel
public import Foundation
public import Persistence
public import Scheduler

/// Chooses hosts and claims on them: one transaction holds the claim and what must change with it,
/// so a placed instance can't lose its devices on the way to its host.
public struct Placer: Sendable {
    /// The fleet that decisions are made on.
    public let index: FleetIndex
    private let desk: ClaimDesk
    private let scheduler: Scheduler
    private let settings: PlacementSettings
    private let now: @Sendable () -> Date

    /// Places on the hosts of `index`, which must be over `documents`.
    public init(
        _ documents: DocumentStore, index: FleetIndex, settings: PlacementSettings,
        now: @escaping @Sendable () -> Date
    ) {
        self.index = index
        self.settings = settings
        self.now = now
        scheduler = Scheduler(weights: settings.weights)
        desk = ClaimDesk(
            documents, index: index, scheduler: scheduler, settings: settings, now: now)
    }

    /// What the answer would be now; claims nothing.
    public func decide(
        _ request: PlacementRequest, seed: UInt64? = nil
    ) throws(StoreError) -> PlacementDecision {
        let (fleet, _) = try index.current(refreshVitals: true)
        return scheduler.decide(
            request, fleet: fleet, candidatesMax: settings.candidatesMax, seed: seed)
    }

    /// What the answer would be with hosts as `fleet` has them; claims nothing.
    public func decide(_ request: PlacementRequest, among fleet: Fleet) -> PlacementDecision {
        scheduler.decide(request, fleet: fleet, candidatesMax: settings.candidatesMax)
    }

    /// The whole story of the answer that would be given now; claims nothing.
    public func explain(_ job: PlacementJob) throws(StoreError) -> PlacementRecord {
        let (fleet, _) = try index.current(refreshVitals: true)
        let decision = scheduler.decide(
            job.request, fleet: fleet, candidatesMax: settings.candidatesMax, seed: job.seed)
        let recorder = PlacementRecorder(scheduler: scheduler, settings: settings, now: now)
        var record = recorder.complete(job, decision, fleet, conflicts: 0)
        record.choose(decision.candidates.first, of: decision)
        return record
    }

    /// Places and claims all jobs of a proposal, or none, in one transaction with what must change
    /// with them. Proposals that come at the same time share a transaction.
    ///
    /// - Parameter propose: what to place, as the snapshot shows it; asked anew for each attempt,
    ///   on any task.
    ///
    /// Throws `PlacementFailure` when no host can take one of the jobs, and what `propose` and the
    /// proposal throw.
    @discardableResult
    public func claim(
        _ propose: @escaping @Sendable (DocumentSnapshot) throws -> ClaimProposal
    ) async throws -> [Candidate] {
        try await desk.settle(propose)
    }
}

/// What is to be placed, with what its claim will say.
public struct PlacementJob: Sendable {
    /// What it needs.
    public var request: PlacementRequest
    /// The consumer.
    public var instanceID: InstanceID
    /// Whose quota it counts against.
    public var projectID: ProjectID
    /// The workflow that asks.
    public var workflowID: WorkflowID

    /// A job; see the fields.
    public init(
        request: PlacementRequest, instanceID: InstanceID, projectID: ProjectID,
        workflowID: WorkflowID
    ) {
        self.request = request
        self.instanceID = instanceID
        self.projectID = projectID
        self.workflowID = workflowID
    }

    /// Equal hosts are spread over jobs, the same way each time for the same job.
    var seed: UInt64 { Spread.hash(workflowID.text) }

    func claim(_ candidate: Candidate, _ now: Date) -> Claim {
        var claim = Claim(
            instanceID: instanceID, projectID: projectID, workflowID: workflowID,
            capacity: request.capacity, devices: candidate.devices, createdAt: now)
        claim.numa = candidate.numa
        return claim
    }
}

/// Jobs that are placed together or not at all.
public struct ClaimProposal: Sendable {
    /// What is to be placed; for none nothing happens.
    public var jobs: [PlacementJob]
    /// Adds what must change together with the claims; the candidates are in the order of the
    /// jobs.
    public var alongside: @Sendable ([Candidate], inout DocumentTransaction) throws -> Void
    /// Names of what no two proposals of one transaction may touch, such as a server group: the
    /// second one waits, and then sees what the first one changed.
    public var exclusive: Set<String>

    /// A proposal; see the fields.
    public init(
        jobs: [PlacementJob], exclusive: Set<String> = [],
        alongside:
            @escaping @Sendable ([Candidate], inout DocumentTransaction) throws -> Void
    ) {
        self.jobs = jobs
        self.exclusive = exclusive
        self.alongside = alongside
    }
}
