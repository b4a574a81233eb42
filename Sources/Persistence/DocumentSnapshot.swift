/// All documents as of one revision. Taking one costs next to nothing; it keeps what it shows in
/// memory, so don't store it.
public struct DocumentSnapshot: Sendable {
    /// The revision it shows.
    public let revision: Int64
    let collections: [String: CachedCollection]

    /// The document with this id, or nil.
    public func get<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) -> Versioned<Value>? {
        try collection(of: type)[id]?.versioned(type)
    }

    /// The document with this id; throws ``StoreError/absent(_:)``.
    public func require<Value: StoredValue>(
        _ type: Value.Type, _ id: String
    ) throws(StoreError) -> Versioned<Value> {
        guard let found = try get(type, id) else {
            throw .absent(try DocumentKey(collection: Value.collection, id: id))
        }
        return found
    }

    /// All documents of a type whose id begins with `prefix`, in order of their ids.
    public func list<Value: StoredValue>(
        _ type: Value.Type, prefix: String = ""
    ) throws(StoreError) -> [Versioned<Value>] {
        var found: [Versioned<Value>] = []
        for document in try collection(of: type).documents(prefix: prefix) {
            found.append(try document.versioned(type))
        }
        return found
    }

    /// How many documents of a type there are.
    public func count<Value: StoredValue>(_ type: Value.Type) throws(StoreError) -> Int {
        try collection(of: type).count
    }

    private func collection<Value: StoredValue>(
        of type: Value.Type
    ) throws(StoreError) -> CachedCollection {
        guard let collection = collections[Value.collection] else {
            throw .unregistered(collection: Value.collection)
        }
        return collection
    }
}
