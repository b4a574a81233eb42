import Synchronization

/// What a ``DocumentStore`` holds in memory. Changed by its feed only, one revision at a time.
final class DocumentCache: Sendable {
    private struct State {
        var snapshot: DocumentSnapshot
        /// Values being written by this process, to spare decoding them when they come back.
        var pending: [DocumentKey: [PendingValue]] = [:]
        var subscriptions = SubscriptionTable()
        var recent: RecentChanges
    }

    private let state: Mutex<State>
    /// The revision reads are served at.
    let applied: RevisionSignal

    init(collections: [String: CachedCollection], revision: Int64) {
        let snapshot = DocumentSnapshot(revision: revision, collections: collections)
        state = Mutex(State(snapshot: snapshot, recent: RecentChanges(revision: revision)))
        applied = RevisionSignal(revision)
    }

    var snapshot: DocumentSnapshot { state.withLock { $0.snapshot } }

    func changes(after revision: Int64, in collections: Set<String>) -> ChangesSince {
        state.withLock { state in
            ChangesSince(
                snapshot: state.snapshot,
                keys: state.recent.keys(after: revision, in: collections))
        }
    }

    func apply(_ event: StoreEvent) {
        let touched = state.withLock { state in
            guard event.revision > state.snapshot.revision else { return [ChangeSubscription]() }
            var collections = state.snapshot.collections
            for change in event.changes {
                Self.apply(change, to: &collections, pending: state.pending)
            }
            state.snapshot = DocumentSnapshot(
                revision: event.revision, collections: collections)
            state.recent.note(event)
            return state.subscriptions.mark(event.changes.map(\.key))
        }
        for subscription in touched { subscription.wake() }
        applied.advance(to: event.revision)
    }

    /// Takes over a whole listing after history was missed: as one big event.
    func replace(with listing: DocumentListing) {
        var changes: [DocumentChange] = []
        let before = snapshot
        var present = Set<DocumentKey>()
        for document in listing.documents {
            present.insert(document.key)
            let known = before.collections[document.key.collection]?[document.key.id]
            if known?.generation != document.generation { changes.append(.put(document)) }
        }
        for collection in before.collections.values {
            for document in collection.documents(prefix: "") where !present.contains(document.key) {
                changes.append(.delete(document.key))
            }
        }
        apply(StoreEvent(revision: listing.revision, changes: changes))
    }

    func expect(_ values: [PendingValue]) {
        state.withLock { state in
            for value in values { state.pending[value.key, default: []].append(value) }
        }
    }

    func forget(_ values: [PendingValue]) {
        state.withLock { state in
            for value in values {
                guard var list = state.pending[value.key] else { continue }
                if let index = list.firstIndex(where: { $0.bytes == value.bytes }) {
                    list.remove(at: index)
                }
                state.pending[value.key] = list.isEmpty ? nil : list
            }
        }
    }

    /// Adds a subscription; the snapshot returned is the last one it doesn't hear about.
    func subscribe(_ subscription: ChangeSubscription) -> DocumentSnapshot {
        state.withLock { state in
            state.subscriptions.add(subscription)
            return state.snapshot
        }
    }

    /// Everyone who waits is woken and finds the store closed.
    func close() {
        applied.close()
        let all = state.withLock { $0.subscriptions.all }
        for subscription in all { subscription.close() }
    }

    private static func apply(
        _ change: DocumentChange, to collections: inout [String: CachedCollection],
        pending: [DocumentKey: [PendingValue]]
    ) {
        // Collections nobody registered belong to other users of the same store.
        switch change {
        case .put(let document):
            let own = pending[document.key]?.first { $0.bytes == document.value }
            collections[document.key.collection]?.put(
                CachedDocument(document, decoded: own?.value))
        case .delete(let key):
            collections[key.collection]?.remove(key.id)
        }
    }
}
