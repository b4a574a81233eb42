internal import ComputeModel
internal import Persistence
internal import Scheduler

/// Proposals decided one after another in memory, and the transaction that makes them true.
struct ClaimDraft {
    /// What became of one proposal.
    enum Outcome {
        case placed([Candidate])
        /// No host can take one of its jobs.
        case refused(PlacementFailure)
        /// It could not be asked, or threw.
        case failed(any Error)
        /// It touches what an earlier one touches, or the transaction is full: asked again next.
        /// The first proposal of a draft never is.
        case postponed
    }

    /// Hosts that one decision looks for at most when many conflicts ask for a wide choice.
    private static let spreadMax = 32

    /// Decides on the hosts with the claims of this draft.
    private var session: DecisionSession
    let snapshot: DocumentSnapshot
    private(set) var transaction: DocumentTransaction
    /// Conflicts so far.
    let attempt: Int
    /// Whether a refusal is the last word, so that its whole story is told.
    let isFinal: Bool
    private(set) var outcomes: [Outcome] = []
    /// New claims by host.
    private var claims: [HostID: [Claim]] = [:]
    /// What the proposals so far touch, and how many jobs they have.
    private var touched: Set<String> = []
    private var jobCount = 0
    /// Whether a proposal did not fit any more.
    private var isFull = false

    init(
        session: DecisionSession, snapshot: DocumentSnapshot, transaction: DocumentTransaction,
        attempt: Int, isFinal: Bool
    ) {
        self.session = session
        self.snapshot = snapshot
        self.transaction = transaction
        self.attempt = attempt
        self.isFinal = isFinal
    }

    /// Decides a proposal; one that fails leaves nothing in the draft.
    mutating func add(
        _ propose: ClaimDesk.Propose, recorder: PlacementRecorder, settings: PlacementSettings,
        isUp: (HostID) -> Bool
    ) {
        var undo = Undo(mark: transaction.mark)
        do {
            let proposal = try propose(snapshot)
            guard touched.isDisjoint(with: proposal.exclusive), !isFull,
                jobCount == 0 || jobCount + proposal.jobs.count <= ClaimDesk.jobsPerBatch
            else { return outcomes.append(.postponed) }
            var candidates: [Candidate] = []
            var placed: [HostID: Int] = [:]
            for var job in proposal.jobs {
                // Members of a group that were placed a moment ago count.
                for (host, count) in placed {
                    job.request.group?.members[host, default: 0] += count
                }
                let candidate = try place(
                    job, isFirst: candidates.isEmpty, recorder: recorder, settings: settings,
                    isUp: isUp, undo: &undo)
                placed[candidate.hostID, default: 0] += 1
                candidates.append(candidate)
            }
            try proposal.alongside(candidates, &transaction)
            if jobCount > 0, operationCount > StoreLimits().transactionOperations {
                isFull = true
                take(back: undo)
                return outcomes.append(.postponed)
            }
            touched.formUnion(proposal.exclusive)
            jobCount += proposal.jobs.count
            outcomes.append(.placed(candidates))
        } catch {
            take(back: undo)
            if let failure = error as? PlacementFailure {
                outcomes.append(.refused(failure))
            } else {
                outcomes.append(.failed(error))
            }
        }
    }

    /// With the ledgers that are still to be added.
    private var operationCount: Int { transaction.operationCount + claims.count }

    /// Adds the changed ledgers to the transaction. To be called once, last.
    mutating func addLedgers() throws(StoreError) {
        for (host, claims) in claims.sorted(by: { $0.key < $1.key }) {
            let ledger = try snapshot.require(HostLedger.self, host.text)
            var changed = ledger.value
            changed.claims += claims
            try transaction.update(ledger, to: changed)
        }
    }

    /// Turns whatever was placed into a lost race, with nothing to commit.
    mutating func giveUp(_ recorder: PlacementRecorder) {
        let failure = recorder.lostRace(nil, hostCount: session.fleet.count, conflicts: attempt)
        transaction = DocumentTransaction()
        claims = [:]
        outcomes = outcomes.map { if case .placed = $0 { .failed(failure) } else { $0 } }
    }

    private mutating func place(
        _ job: PlacementJob, isFirst: Bool, recorder: PlacementRecorder,
        settings: PlacementSettings, isUp: (HostID) -> Bool, undo: inout Undo
    ) throws -> Candidate {
        // After a conflict others chase the same hosts: choose among more of them.
        // In a large fleet alternates are looked for when they are needed.
        let isSingle = attempt == 0 && session.fleet.count > settings.detailHostsWhenPlaced
        let wide =
            isSingle ? 1 : min(Self.spreadMax, settings.candidatesMax << min(attempt, 4))
        while true {
            let decision = session.decide(
                job.request, candidatesMax: wide, seed: job.seed &+ UInt64(attempt))
            guard !decision.candidates.isEmpty else {
                throw PlacementFailure(
                    record: isFinal
                        ? recorder.complete(job, decision, session.fleet, conflicts: attempt)
                        : recorder.bare(job, session.fleet, conflicts: attempt))
            }
            let candidate = pick(decision.candidates, job)
            guard isUp(candidate.hostID) else {
                session.setUp(candidate.hostID, false)
                continue
            }
            var record = recorder.brief(job, decision, session.fleet, conflicts: attempt)
            record.choose(candidate, of: decision)
            if !isFirst { record.leaveOutRejections() }
            try transaction.insert(record)
            let claim = job.claim(candidate, recorder.now())
            undo.hosts.append(session.fleet[candidate.hostID])
            claims[candidate.hostID, default: []].append(claim)
            session.add(claim, on: candidate.hostID)
            return candidate
        }
    }

    /// What a proposal changed so far: to copy the draft before each one would copy the fleet.
    private struct Undo {
        let mark: DocumentTransaction.Mark
        /// Hosts before their new claim, in the order of the claims.
        var hosts: [HostSnapshot?] = []
    }

    private mutating func take(back undo: Undo) {
        transaction.rollBack(to: undo.mark)
        for host in undo.hosts.reversed().compactMap({ $0 }) {
            session.put(host)
            claims[host.host.id]?.removeLast()
            if claims[host.host.id]?.isEmpty == true { claims[host.host.id] = nil }
        }
    }

    /// The best one; after conflicts one that depends on the job.
    private func pick(_ candidates: [Candidate], _ job: PlacementJob) -> Candidate {
        guard attempt > 0 else { return candidates[0] }
        let number = (job.seed &+ UInt64(attempt)) &* 0x9e37_79b9_7f4a_7c15 >> 32
        return candidates[Int(number % UInt64(candidates.count))]
    }
}
