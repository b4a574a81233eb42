import Logging

/// Typed documents: reads from memory, writes through a ``StateStore``.
///
/// All documents of the types it was opened with are held in memory, fed by one watch. Reads are
/// synchronous, take well under a microsecond a document and never show less than the caller's
/// last acknowledged write: ``transact(_:)`` returns when the memory has reached its revision.
/// Values are decoded once; what this process wrote itself is not decoded at all.
public final class DocumentStore: Sendable {
    let store: any StateStore
    let cache: DocumentCache
    let logger: Logger
    private let feed: Task<Void, Never>

    /// Loads and decodes every document of the given types, then follows the store.
    ///
    /// Throws ``StoreError/newerVersion(_:found:supported:)`` and
    /// ``StoreError/decoding(_:version:detail:)`` for a document this release can't read. Closing
    /// the document store closes `store`. `clock` times the pauses between attempts to reach a
    /// store that fails.
    public static func open(
        _ store: any StateStore, types: [any StoredValue.Type],
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) async throws(StoreError) -> DocumentStore {
        let listing = try await store.list(prefix: "")
        var collections: [String: [CachedDocument]] = [:]
        for type in types {
            guard collections.updateValue([], forKey: type.collection) == nil else {
                throw .invalidTransaction(
                    reason: "two types are registered for collection \(type.collection)")
            }
        }
        var unknown = Set<String>()
        for document in listing.documents {
            let collection = document.key.collection
            if collections[collection] == nil { unknown.insert(collection) }
            collections[collection]?.append(CachedDocument(document, decoded: nil))
        }
        if !unknown.isEmpty {
            logger.warning(
                "the store has collections this release doesn't know",
                metadata: ["collections": "\(unknown.sorted())"])
        }
        for type in types {
            for document in collections[type.collection] ?? [] { try type.check(document) }
        }
        let cache = DocumentCache(
            collections: collections.mapValues { CachedCollection(sorted: $0) },
            revision: listing.revision)
        return DocumentStore(store: store, cache: cache, clock: clock, logger: logger)
    }

    private init(
        store: any StateStore, cache: DocumentCache, clock: any Clock<Duration>, logger: Logger
    ) {
        self.store = store
        self.cache = cache
        self.logger = logger
        let follower = CacheFeed(store: store, cache: cache, clock: clock, logger: logger)
        feed = Task { await follower.run() }
    }

    deinit {
        feed.cancel()
    }

    /// Everything at one revision, for decisions that look at many documents.
    public func snapshot() -> DocumentSnapshot { cache.snapshot }

    /// What changed in `collections` after `revision`, with a snapshot that shows it. For those
    /// who keep something derived: pass the revision of the snapshot it was derived from.
    public func changes(
        after revision: Int64, in collections: Set<String>
    ) -> ChangesSince {
        cache.changes(after: revision, in: collections)
    }

    /// The document with this id as of now, or nil. Never waits.
    public func get<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) -> Versioned<Value>? {
        try cache.snapshot.get(type, id)
    }

    /// The document with this id; throws ``StoreError/absent(_:)``.
    public func require<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) -> Versioned<Value> {
        try cache.snapshot.require(type, id)
    }

    /// All documents of a type whose id begins with `prefix`, in order of their ids.
    public func list<Value: StoredValue>(
        _ type: Value.Type, prefix: String = ""
    ) throws(StoreError) -> [Versioned<Value>] {
        try cache.snapshot.list(type, prefix: prefix)
    }

    /// Ends the feed, all ``changes(of:id:includingExisting:)`` and waits, and closes the store.
    public func close() async {
        await store.close()
        feed.cancel()
        await feed.value
        cache.close()
    }
}

extension StoredValue {
    fileprivate static func check(_ document: CachedDocument) throws(StoreError) {
        _ = try document.versioned(Self.self)
    }
}
