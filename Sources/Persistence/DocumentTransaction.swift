/// Collects the conditions and writes of one transaction. Nothing reaches the store before
/// ``DocumentStore/transact(_:)`` returns from its body.
public struct DocumentTransaction: Sendable {
    private(set) var conditions: [Condition] = []
    private(set) var writes: [DocumentWrite] = []
    /// What is being written, so that the cache needn't decode it again.
    private(set) var written: [PendingValue] = []

    /// Nothing to check and nothing to write.
    public init() {}

    /// Whether it would do anything at all.
    public var isEmpty: Bool { conditions.isEmpty && writes.isEmpty }

    /// Whether it only checks.
    public var writesNothing: Bool { writes.isEmpty }

    /// Conditions or writes, of whichever there are more: what a store's limit counts.
    public var operationCount: Int { max(conditions.count, writes.count) }

    /// How far a transaction had got.
    public struct Mark: Sendable {
        fileprivate let conditions: Int
        fileprivate let writes: Int
        fileprivate let written: Int
    }

    /// To come back to what it is now with ``rollBack(to:)``: cheaper than a copy.
    public var mark: Mark {
        Mark(conditions: conditions.count, writes: writes.count, written: written.count)
    }

    /// Forgets what was added since `mark` was taken of this transaction.
    public mutating func rollBack(to mark: Mark) {
        conditions.removeLast(max(0, conditions.count - mark.conditions))
        writes.removeLast(max(0, writes.count - mark.writes))
        written.removeLast(max(0, written.count - mark.written))
    }

    /// Creates a document; a conflict if its key is taken.
    public mutating func insert<Value: StoredValue>(_ value: Value) throws(StoreError) {
        let key = try Self.key(of: value)
        try put(value, key)
        conditions.append(.absent(key))
    }

    /// Replaces a document; a conflict if it changed since it was read. The new value must have
    /// the same key.
    public mutating func update<Value: StoredValue>(
        _ current: Versioned<Value>, to value: Value
    ) throws(StoreError) {
        let key = try Self.key(of: current.value)
        guard value.documentKey == current.value.documentKey else {
            throw .invalidTransaction(
                reason: "the update of \(key) has the key of another document,"
                    + " \(value.documentKey)")
        }
        try put(value, key)
        conditions.append(.generation(key, current.generation))
    }

    /// Creates or replaces whatever is there. For documents with one writer only.
    public mutating func put<Value: StoredValue>(_ value: Value) throws(StoreError) {
        try put(value, try Self.key(of: value))
    }

    /// Removes a document; a conflict if it changed since it was read.
    public mutating func delete<Value: StoredValue>(
        _ current: Versioned<Value>
    ) throws(StoreError) {
        let key = try Self.key(of: current.value)
        conditions.append(.generation(key, current.generation))
        writes.append(.delete(key))
    }

    /// A conflict if this document changed, or went, since it was read.
    public mutating func require<Value: StoredValue>(
        _ current: Versioned<Value>
    ) throws(StoreError) {
        conditions.append(.generation(try Self.key(of: current.value), current.generation))
    }

    /// A conflict if there is no such document; its content doesn't matter.
    public mutating func requireExists<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) {
        conditions.append(.exists(try DocumentKey(collection: Value.collection, id: id)))
    }

    /// A conflict if there is such a document.
    public mutating func requireAbsent<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) {
        conditions.append(.absent(try DocumentKey(collection: Value.collection, id: id)))
    }

    private mutating func put<Value: StoredValue>(
        _ value: Value, _ key: DocumentKey
    ) throws(StoreError) {
        let bytes = try DocumentCoding.encode(value, key: key)
        writes.append(.put(key, bytes))
        written.append(PendingValue(key: key, bytes: bytes, value: value))
    }

    private static func key<Value: StoredValue>(
        of value: Value
    ) throws(StoreError) -> DocumentKey {
        try DocumentKey(collection: Value.collection, id: value.documentKey)
    }
}

/// A value on its way into the store.
struct PendingValue: Sendable {
    let key: DocumentKey
    let bytes: [UInt8]
    let value: any StoredValue
}
