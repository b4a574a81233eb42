/// Where a ``StoreWatch`` gets its events; implemented by every engine.
public protocol StoreWatchSource: Sendable {
    /// The events that follow `revision`, in order and without a gap: at least one (waiting for
    /// it if need be), or nil once the store is closed. Cancellation throws
    /// ``StoreError/cancelled``.
    func events(after revision: Int64) async throws(StoreError) -> [StoreEvent]?
}

/// The changes below a prefix as they are committed. Pulls: a slow reader costs no memory, it
/// reads on from the history, until that is compacted.
public struct StoreWatch: AsyncSequence, Sendable {
    public typealias Element = StoreEvent
    public typealias Failure = StoreError

    private let source: any StoreWatchSource
    private let prefix: String
    private let revision: Int64

    /// A watch of `source` below `prefix` for all that comes after `revision`.
    public init(source: any StoreWatchSource, prefix: String, after revision: Int64) {
        self.source = source
        self.prefix = prefix
        self.revision = revision
    }

    /// Begins at the revision the watch was made with, each time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(source: source, prefix: prefix, revision: revision)
    }

    /// One reader of the watch.
    public struct Iterator: AsyncIteratorProtocol {
        private let source: any StoreWatchSource
        private let prefix: String
        private var revision: Int64
        private var fetched: ArraySlice<StoreEvent> = []

        init(source: any StoreWatchSource, prefix: String, revision: Int64) {
            self.source = source
            self.prefix = prefix
            self.revision = revision
        }

        /// The next event that touches the prefix; nil when the store closed or the task was
        /// cancelled.
        public mutating func next() async throws(StoreError) -> StoreEvent? {
            try await next(isolation: nil)
        }

        /// See ``next()``.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(StoreError) -> StoreEvent? {
            while true {
                while let event = fetched.popFirst() {
                    revision = event.revision
                    if let visible = filtered(event) { return visible }
                }
                do {
                    guard let events = try await source.events(after: revision) else { return nil }
                    fetched = events[...]
                } catch .cancelled {
                    return nil
                }
            }
        }

        private func filtered(_ event: StoreEvent) -> StoreEvent? {
            if prefix.isEmpty { return event }
            let changes = event.changes.filter { $0.key.rawValue.hasPrefix(prefix) }
            return changes.isEmpty
                ? nil : StoreEvent(revision: event.revision, changes: changes)
        }
    }
}
