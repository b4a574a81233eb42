/// One stored document.
public struct StoredDocument: Sendable, Equatable {
    /// Where it is stored.
    public let key: DocumentKey
    /// The store's revision at the last write of this document (etcd: `mod_revision`).
    public let generation: Int64
    /// What is stored: JSON, but the store doesn't look.
    public let value: [UInt8]

    /// A document as read from, or about to be announced by, a store.
    public init(key: DocumentKey, generation: Int64, value: [UInt8]) {
        self.key = key
        self.generation = generation
        self.value = value
    }
}

/// What must hold for a transaction to be applied.
public enum Condition: Sendable, Hashable {
    /// The document exists and was last written at this revision.
    case generation(DocumentKey, Int64)
    case absent(DocumentKey)
    case exists(DocumentKey)

    /// The document this condition is about.
    public var key: DocumentKey {
        switch self {
        case .generation(let key, _), .absent(let key), .exists(let key): key
        }
    }

    /// Whether it holds for a document of this generation (nil: there is none).
    public func holds(for generation: Int64?) -> Bool {
        switch self {
        case .generation(_, let expected): generation == expected
        case .absent: generation == nil
        case .exists: generation != nil
        }
    }
}

/// One change in a transaction.
public enum DocumentWrite: Sendable, Equatable {
    /// Creates or replaces.
    case put(DocumentKey, [UInt8])
    /// Removes; removing what isn't there changes nothing.
    case delete(DocumentKey)

    /// The document this write is about.
    public var key: DocumentKey {
        switch self {
        case .put(let key, _), .delete(let key): key
        }
    }
}

/// One committed change of one document.
public enum DocumentChange: Sendable, Equatable {
    case put(StoredDocument)
    case delete(DocumentKey)

    /// The document that changed.
    public var key: DocumentKey {
        switch self {
        case .put(let document): document.key
        case .delete(let key): key
        }
    }
}

/// All changes of one committed transaction below the watched prefix. Whoever applies events whole
/// never shows half a transaction.
public struct StoreEvent: Sendable, Equatable {
    /// The revision that the transaction made.
    public let revision: Int64
    /// May be empty where an engine only reports that the revision moved on.
    public let changes: [DocumentChange]

    /// An event of one revision.
    public init(revision: Int64, changes: [DocumentChange]) {
        self.revision = revision
        self.changes = changes
    }
}

/// Documents under a prefix, sorted by key, and the revision at which all of them were read.
public struct DocumentListing: Sendable, Equatable {
    /// In the order of their keys.
    public let documents: [StoredDocument]
    /// The revision that the listing shows.
    public let revision: Int64

    /// A listing taken at one revision.
    public init(documents: [StoredDocument], revision: Int64) {
        self.documents = documents
        self.revision = revision
    }
}

/// Documents with generations: the one thing Millrace asks of a database.
///
/// The store has one revision, a number that grows with every transaction that changes something.
/// An acknowledged transaction survives a crash of the process and of the machine. Every engine
/// passes the same conformance suite (`StateStoreConformance` in the tests).
public protocol StateStore: Sendable {
    /// The document under a key as of now, or nil.
    func get(_ key: DocumentKey) async throws(StoreError) -> StoredDocument?

    /// All documents whose key begins with `prefix` (`""`: all), in one consistent view.
    func list(prefix: String) async throws(StoreError) -> DocumentListing

    /// Applies all writes if all conditions hold, else nothing. Returns the revision of the
    /// change, or the current one if nothing changed. Throws ``StoreError/conflict(failed:)``
    /// with every condition that didn't hold. Once handed over it isn't cancelled with its task.
    func transact(
        conditions: [Condition], writes: [DocumentWrite]
    ) async throws(StoreError) -> Int64

    /// Every change after `revision` below `prefix`, each transaction once and in order. Take the
    /// revision from ``list(prefix:)``. Ends when the store closes; throws
    /// ``StoreError/compacted(requested:oldest:)`` if that history is gone: list again then.
    func watch(prefix: String, after revision: Int64) -> StoreWatch

    /// The revision of the last change.
    func currentRevision() async throws(StoreError) -> Int64

    /// Finishes what was accepted, ends all watches and lets go of the files. Idempotent.
    func close() async
}
