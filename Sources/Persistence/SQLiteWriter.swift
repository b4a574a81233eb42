import GRDB
import Logging

/// The only writer of a SQLite store. Takes what waits as one batch: one immediate transaction, one
/// flush, a savepoint for each command, so that a command that fails takes no other with it.
actor SQLiteWriter {
    private typealias Answer = Result<Int64, StoreError>

    private struct Waiting {
        let request: TransactionRequest
        let continuation: CheckedContinuation<Answer, Never>
    }

    /// What became of a batch.
    private struct Batch: Sendable {
        var answers: [Answer] = []
        var events: [StoreEvent] = []
    }

    private let pool: DatabasePool
    private let path: String
    private let feed: ChangeFeed
    private let limits: StoreLimits
    private let logger: Logger
    private var queue: [Waiting] = []
    private var isDraining = false
    private(set) var isClosed = false
    private var closers: [CheckedContinuation<Void, Never>] = []

    init(
        pool: DatabasePool, path: String, feed: ChangeFeed, limits: StoreLimits, logger: Logger
    ) {
        self.pool = pool
        self.path = path
        self.feed = feed
        self.limits = limits
        self.logger = logger
    }

    func transact(_ request: TransactionRequest) async throws(StoreError) -> Int64 {
        guard !isClosed else { throw .closed }
        guard queue.count < limits.queuedTransactions else {
            throw .overloaded(queued: queue.count)
        }
        let answer = await withCheckedContinuation { continuation in
            queue.append(Waiting(request: request, continuation: continuation))
            // A task of its own: the batch must not be cancelled with the first who asks.
            if !isDraining {
                isDraining = true
                Task { await drain() }
            }
        }
        return try answer.get()
    }

    /// Refuses more, finishes what waits, closes the file.
    func close() async {
        let isFirst = !isClosed
        isClosed = true
        if isDraining {
            await withCheckedContinuation { closers.append($0) }
        }
        guard isFirst else { return }
        do {
            // Closing alone leaves the log behind; so the file is whole by itself.
            _ = try await pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try pool.close()
        } catch {
            logger.error(
                "closing the store failed",
                metadata: ["error": "\(StoreError(error, path: path))"])
        }
    }

    private func drain() async {
        while !queue.isEmpty {
            let waiting = Array(queue.prefix(limits.batchTransactions))
            queue.removeFirst(waiting.count)
            let batch = await commit(waiting.map(\.request))
            // Watchers before the answer: who is acknowledged finds the change on its way.
            feed.publish(batch.events)
            for (waiter, answer) in zip(waiting, batch.answers) {
                waiter.continuation.resume(returning: answer)
            }
        }
        isDraining = false
        for closer in closers { closer.resume() }
        closers.removeAll()
    }

    private func commit(_ requests: [TransactionRequest]) async -> Batch {
        let limits = limits
        let path = path
        do {
            return try await pool.writeWithoutTransaction { db in
                var batch = Batch()
                try db.inTransaction(.immediate) {
                    batch = try Self.run(requests, limits, path, db)
                    return .commit
                }
                return batch
            }
        } catch {
            let failure = StoreError(error, path: path)
            logger.error("a commit failed", metadata: ["error": "\(failure)"])
            return Batch(answers: requests.map { _ in .failure(failure) })
        }
    }

    private static func run(
        _ requests: [TransactionRequest], _ limits: StoreLimits, _ path: String, _ db: Database
    ) throws -> Batch {
        let (before, compacted) = try SQLiteRows.revision(db)
        var batch = Batch()
        var revision = before
        for request in requests {
            do {
                if let event = try run(request, after: revision, db) {
                    revision = event.revision
                    batch.events.append(event)
                }
                batch.answers.append(.success(revision))
            } catch {
                let failure = StoreError(error, path: path)
                // Some errors make SQLite roll back everything; then nothing of it is true.
                guard db.isInsideTransaction else { throw failure }
                batch.answers.append(.failure(failure))
            }
        }
        if revision > before { try SQLiteRows.setRevision(revision, db) }
        let keep = Int64(limits.historyRevisions)
        if revision - compacted > keep + Int64(limits.historySlackRevisions) {
            try SQLiteRows.compact(through: revision - keep, db)
        }
        return batch
    }

    /// Runs one command in its savepoint; nil if it changed nothing.
    private static func run(
        _ request: TransactionRequest, after revision: Int64, _ db: Database
    ) throws -> StoreEvent? {
        let failed = try request.conditions.filter { condition in
            !condition.holds(for: try SQLiteRows.generation(db, condition.key))
        }
        guard failed.isEmpty else { throw StoreError.conflict(failed: failed) }
        guard !request.writes.isEmpty else { return nil }
        var changes: [DocumentChange] = []
        try db.inSavepoint {
            changes = try SQLiteRows.apply(request.writes, as: revision + 1, db)
            return .commit
        }
        return changes.isEmpty ? nil : StoreEvent(revision: revision + 1, changes: changes)
    }
}
