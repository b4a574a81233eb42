import JSON

/// A type that is stored as documents of one collection.
///
/// Stored as JSON `{"v": schemaVersion, "d": {...}}`. Adding an optional property needs no new
/// version. A change that older documents don't fit raises ``schemaVersion`` and reads the old
/// form in ``init(upgradingFrom:_:)``.
public protocol StoredValue: Codable, Sendable {
    /// The first part of the key of every such document: lower-case letters, digits, `-`, `_`.
    static var collection: String { get }
    /// Version of the form ``encode(to:)`` writes, from 1.
    static var schemaVersion: Int { get }
    /// The rest of the key: one or more parts joined by `/`, unique in the collection. Fixed for
    /// the life of the document. See ``DocumentKey/escaped(_:)`` for text from outside.
    var documentKey: String { get }

    /// Writes what ``encode(to:)`` would have written, byte by byte; for types that are written so
    /// often that the encoder costs too much. False leaves it to the encoder, as the default does;
    /// what was written until then is dropped.
    func write(to json: inout JSONWriter) -> Bool

    /// Reads a document of an older version. The default reads it as if it were current.
    init(upgradingFrom version: Int, _ decoder: any Decoder) throws
}

extension StoredValue {
    public static var schemaVersion: Int { 1 }

    public func write(to json: inout JSONWriter) -> Bool { false }

    public init(upgradingFrom version: Int, _ decoder: any Decoder) throws {
        try self.init(from: decoder)
    }
}

/// A value and the generation it was read at: what a conditional write compares with.
public struct Versioned<Value: StoredValue>: Sendable {
    /// The document as it was read.
    public let value: Value
    /// The store's revision at the last write of this document.
    public let generation: Int64

    /// Pairs a value with the generation it has in the store.
    public init(value: Value, generation: Int64) {
        self.value = value
        self.generation = generation
    }

    /// The part of the key after the collection.
    public var id: String { value.documentKey }
}

extension Versioned: Equatable where Value: Equatable {}
