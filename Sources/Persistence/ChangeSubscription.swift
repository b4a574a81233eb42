import Synchronization

/// The ids a reader of changes hasn't seen yet: each once, in the order of their first change. Its
/// size is bounded by the number of documents, however slow the reader.
final class ChangeSubscription: Sendable {
    private struct State {
        var unseen: [String] = []
        var next = 0
        var queued = Set<String>()
        var marks: Int64 = 0
    }

    /// A whole collection, or one document of it.
    let collection: String
    let id: String?
    private let state = Mutex(State())
    private let signal = RevisionSignal(0)

    init(collection: String, id: String?) {
        self.collection = collection
        self.id = id
    }

    /// Notes a change; ``wake()`` follows once no lock is held.
    func mark(_ id: String) {
        state.withLock { state in
            if state.queued.insert(id).inserted { state.unseen.append(id) }
            state.marks += 1
        }
    }

    func wake() {
        signal.advance(to: state.withLock { $0.marks })
    }

    func close() {
        signal.close()
    }

    /// The next changed id, waiting for one; throws closed or cancelled.
    func next() async throws(StoreError) -> String {
        while true {
            let (id, marks) = state.withLock { state in (Self.pop(&state), state.marks) }
            if let id { return id }
            try await signal.wait(until: marks + 1)
        }
    }

    private static func pop(_ state: inout State) -> String? {
        guard state.next < state.unseen.count else { return nil }
        let id = state.unseen[state.next]
        state.queued.remove(id)
        state.next += 1
        if state.next == state.unseen.count {
            state.unseen.removeAll(keepingCapacity: true)
            state.next = 0
        }
        return id
    }
}

/// Who wants to hear of which change. Holds its subscriptions weakly: a reader that is gone is
/// forgotten at the next change that concerns it.
struct SubscriptionTable {
    private struct Reference {
        weak var subscription: ChangeSubscription?
    }

    /// By collection, then by id (nil: all ids).
    private var references: [String: [String?: [Reference]]] = [:]

    mutating func add(_ subscription: ChangeSubscription) {
        let reference = Reference(subscription: subscription)
        var live = references[subscription.collection]?[subscription.id] ?? []
        live.removeAll { $0.subscription == nil }
        live.append(reference)
        references[subscription.collection, default: [:]][subscription.id] = live
    }

    /// Marks the changed keys and returns who is to be woken, in an order that depends on nothing
    /// but keys and subscriptions.
    mutating func mark(_ keys: [DocumentKey]) -> [ChangeSubscription] {
        var touched: [ChangeSubscription] = []
        var known: Set<ObjectIdentifier> = []
        for key in keys {
            let collection = key.collection
            guard references[collection] != nil else { continue }
            let id = key.id
            for target in [nil, id] {
                guard let found = references[collection]?[target] else { continue }
                var live = 0
                for case let subscription? in found.map(\.subscription) {
                    subscription.mark(id)
                    if known.insert(ObjectIdentifier(subscription)).inserted {
                        touched.append(subscription)
                    }
                    live += 1
                }
                if live == 0 { references[collection]?[target] = nil }
            }
        }
        return touched
    }

    var all: [ChangeSubscription] {
        references.values.flatMap { $0.values.flatMap { $0.compactMap(\.subscription) } }
    }
}
