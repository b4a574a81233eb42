import Synchronization

/// One document in the cache. Decoded on first use and then kept decoded; a document this process
/// wrote itself is never decoded at all. Immutable to the outside, so snapshots share it.
final class CachedDocument: Sendable {
    private enum Content {
        case stored([UInt8])
        case decoded(any Sendable)
    }

    let key: DocumentKey
    let generation: Int64
    private let content: Mutex<Content>

    init(_ document: StoredDocument, decoded: (any Sendable)?) {
        key = document.key
        generation = document.generation
        content = Mutex(decoded.map { .decoded($0) } ?? .stored(document.value))
    }

    func versioned<Value: StoredValue>(
        _ type: Value.Type
    ) throws(StoreError) -> Versioned<Value> {
        let value = try content.withLock { content throws(StoreError) -> Value in
            switch content {
            case .decoded(let decoded):
                guard let value = decoded as? Value else {
                    throw .unregistered(collection: Value.collection)
                }
                return value
            case .stored(let bytes):
                let value = try DocumentCoding.decode(type, from: bytes, key: key)
                content = .decoded(value)
                return value
            }
        }
        return Versioned(value: value, generation: generation)
    }
}
