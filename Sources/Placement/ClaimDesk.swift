internal import ComputeModel
internal import Foundation
internal import Persistence
internal import Scheduler

/// Takes proposals, chooses for each on top of what the ones before it were given, and stores all
/// of them in one transaction: so those who ask at the same time don't race for the same device,
/// and share the cost of a commit.
///
/// ```
/// propose ... propose -> [queue] -> draft (in memory, one after another) -> commit -> answers
///                                     ^                                       |
///                                     +------ decided anew on a conflict -----+
/// ```
///
/// Another server may still be faster. Then proposals are drafted one by one, spread over more
/// hosts with each attempt, a bounded number of times.
actor ClaimDesk {
    typealias Propose = @Sendable (DocumentSnapshot) throws -> ClaimProposal
    private typealias Answer = Result<[Candidate], any Error>

    /// Someone who waits for an answer.
    private struct Ticket {
        let propose: Propose
        let continuation: CheckedContinuation<Answer, Never>
    }

    /// Jobs of one transaction, unless one proposal alone has more. Each writes its instance and
    /// its record and some a ledger: a transaction is full with about so many.
    static let jobsPerBatch = 64

    private let documents: DocumentStore
    private let index: FleetIndex
    private let scheduler: Scheduler
    private let settings: PlacementSettings
    private let now: @Sendable () -> Date
    private var queue: [Ticket] = []
    private var isWorking = false

    init(
        _ documents: DocumentStore, index: FleetIndex, scheduler: Scheduler,
        settings: PlacementSettings, now: @escaping @Sendable () -> Date
    ) {
        self.documents = documents
        self.index = index
        self.scheduler = scheduler
        self.settings = settings
        self.now = now
    }

    /// See `Placer.claim`.
    func settle(_ propose: @escaping Propose) async throws -> [Candidate] {
        let answer = await withCheckedContinuation { continuation in
            queue.append(Ticket(propose: propose, continuation: continuation))
            // A task of its own: the batch must not be cancelled with the first who asks.
            if !isWorking {
                isWorking = true
                Task { await work() }
            }
        }
        return try answer.get()
    }

    private func work() async {
        while !queue.isEmpty {
            let batch = Array(queue.prefix(Self.jobsPerBatch))
            queue.removeFirst(batch.count)
            await settle(batch)
            // Who was answered just now and asks again comes into the next batch.
            await Task.yield()
        }
        isWorking = false
    }

    /// Answers all tickets.
    private func settle(_ tickets: [Ticket]) async {
        var open = tickets
        var attempt = 0
        var refreshVitals = false
        while !open.isEmpty {
            do {
                var draft = try draft(open.map(\.propose), attempt, isFinal: refreshVitals)
                if attempt >= settings.attemptsMax { draft.giveUp(recorder) }
                guard try await commit(draft) else {
                    attempt += 1
                    try await documents.catchUp()
                    if open.count == 1 { continue }
                    for ticket in open { await settle([ticket]) }
                    return
                }
                open = answer(open, draft, isFinal: refreshVitals)
                // Who found no host is asked again: one may have come back meanwhile.
                refreshVitals = true
            } catch {
                for ticket in open { ticket.continuation.resume(returning: .failure(error)) }
                return
            }
        }
    }

    /// Answers those that are decided; returns those that are refused as far as is known.
    private func answer(_ tickets: [Ticket], _ draft: ClaimDraft, isFinal: Bool) -> [Ticket] {
        var open: [Ticket] = []
        var postponed: [Ticket] = []
        for (ticket, outcome) in zip(tickets, draft.outcomes) {
            switch outcome {
            case .placed(let candidates):
                ticket.continuation.resume(returning: .success(candidates))
            case .failed(let error): ticket.continuation.resume(returning: .failure(error))
            case .refused(let failure) where isFinal:
                ticket.continuation.resume(returning: .failure(failure))
            case .refused: open.append(ticket)
            case .postponed: postponed.append(ticket)
            }
        }
        // The next batch is theirs, and of those who came meanwhile.
        queue.insert(contentsOf: postponed, at: 0)
        return open
    }

    private var recorder: PlacementRecorder {
        PlacementRecorder(scheduler: scheduler, settings: settings, now: now)
    }

    private func draft(
        _ proposals: [Propose], _ attempt: Int, isFinal: Bool
    ) throws -> ClaimDraft {
        let (fleet, snapshot) = try index.current(refreshVitals: isFinal)
        var draft = ClaimDraft(
            session: DecisionSession(scheduler, fleet: fleet), snapshot: snapshot,
            transaction: documents.makeTransaction(), attempt: attempt, isFinal: isFinal)
        for propose in proposals {
            draft.add(propose, recorder: recorder, settings: settings, isUp: index.isUp)
        }
        try draft.addLedgers()
        return draft
    }

    /// False when it has to be decided anew: another server changed something first, or it was
    /// too much for one transaction and will not be for each alone.
    private func commit(_ draft: ClaimDraft) async throws(StoreError) -> Bool {
        do {
            try await documents.commit(draft.transaction)
            return true
        } catch {
            switch error {
            case .conflict: return false
            case .transactionTooLarge where draft.outcomes.count > 1: return false
            default: throw error
            }
        }
    }
}
