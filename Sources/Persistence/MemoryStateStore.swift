import Synchronization

/// A store without a disk, for tests and for trying Millrace out: everything is gone when the
/// process ends. Otherwise it behaves as the durable ones.
public final class MemoryStateStore: StateStore {
    private struct State {
        var documents: [DocumentKey: StoredDocument] = [:]
        var revision: Int64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let limits: StoreLimits
    private let feed: ChangeFeed

    /// An empty store at revision 0. Its history is what ``StoreLimits/recentEvents`` and
    /// ``StoreLimits/recentBytes`` allow.
    public init(limits: StoreLimits = StoreLimits()) {
        self.limits = limits
        feed = ChangeFeed(revision: 0, limits: limits)
    }

    public func get(_ key: DocumentKey) async throws(StoreError) -> StoredDocument? {
        try withOpenState { state throws(StoreError) in state.documents[key] }
    }

    public func list(prefix: String) async throws(StoreError) -> DocumentListing {
        try withOpenState { state throws(StoreError) in
            let found = state.documents.values.filter { $0.key.rawValue.hasPrefix(prefix) }
            return DocumentListing(
                documents: found.sorted { $0.key < $1.key }, revision: state.revision)
        }
    }

    public func transact(
        conditions: [Condition], writes: [DocumentWrite]
    ) async throws(StoreError) -> Int64 {
        let request = try TransactionRequest(
            conditions: conditions, writes: writes, limits: limits)
        return try withOpenState { state throws(StoreError) in
            let failed = request.conditions.filter {
                !$0.holds(for: state.documents[$0.key]?.generation)
            }
            guard failed.isEmpty else { throw .conflict(failed: failed) }
            let changes = Self.apply(request.writes, to: &state)
            if !changes.isEmpty {
                // Inside the lock: events must be published in the order of their revisions.
                feed.publish([StoreEvent(revision: state.revision, changes: changes)])
            }
            return state.revision
        }
    }

    public func watch(prefix: String, after revision: Int64) -> StoreWatch {
        StoreWatch(source: MemoryWatchSource(feed: feed), prefix: prefix, after: revision)
    }

    public func currentRevision() async throws(StoreError) -> Int64 {
        try withOpenState { state throws(StoreError) in state.revision }
    }

    public func close() async {
        state.withLock { $0.isClosed = true }
        feed.close()
    }

    private static func apply(
        _ writes: [DocumentWrite], to state: inout State
    ) -> [DocumentChange] {
        let revision = state.revision + 1
        var changes: [DocumentChange] = []
        for write in writes {
            switch write {
            case .put(let key, let value):
                let document = StoredDocument(key: key, generation: revision, value: value)
                state.documents[key] = document
                changes.append(.put(document))
            case .delete(let key):
                if state.documents.removeValue(forKey: key) != nil { changes.append(.delete(key)) }
            }
        }
        if !changes.isEmpty { state.revision = revision }
        return changes
    }

    private func withOpenState<Result: Sendable>(
        _ body: (inout State) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try state.withLock { state throws(StoreError) in
            guard !state.isClosed else { throw .closed }
            return try body(&state)
        }
    }
}

private struct MemoryWatchSource: StoreWatchSource {
    let feed: ChangeFeed

    func events(after revision: Int64) async throws(StoreError) -> [StoreEvent]? {
        while true {
            switch feed.answer(after: revision) {
            case .events(let events): return events
            case .older: throw .compacted(requested: revision, oldest: feed.floor)
            case .upToDate:
                guard try await feed.waitForEvent(after: revision) else { return nil }
            }
        }
    }
}
