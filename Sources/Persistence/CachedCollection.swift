import HashTreeCollections

/// The documents of one collection, in order of their ids. A copy costs nothing and later changes
/// don't touch it: snapshots are copies.
struct CachedCollection: Sendable {
    private var documents: TreeDictionary<String, CachedDocument> = [:]
    /// Sorted; changes only when a document comes or goes.
    private var ids: [String] = []

    /// From documents sorted by key, as a store lists them.
    init(sorted documents: [CachedDocument] = []) {
        for document in documents {
            let id = document.key.id
            self.documents[id] = document
            ids.append(id)
        }
    }

    subscript(id: String) -> CachedDocument? { documents[id] }

    var count: Int { ids.count }

    var allIDs: [String] { ids }

    func documents(prefix: String) -> [CachedDocument] {
        var found: [CachedDocument] = []
        if prefix.isEmpty { found.reserveCapacity(ids.count) }
        for id in ids[position(of: prefix)...] {
            guard id.hasPrefix(prefix) else { break }
            if let document = documents[id] { found.append(document) }
        }
        return found
    }

    mutating func put(_ document: CachedDocument) {
        let id = document.key.id
        if documents.updateValue(document, forKey: id) == nil {
            ids.insert(id, at: position(of: id))
        }
    }

    mutating func remove(_ id: String) {
        if documents.removeValue(forKey: id) != nil { ids.remove(at: position(of: id)) }
    }

    /// Where `id` is, or would be, in the order.
    private func position(of id: String) -> Int {
        var low = 0
        var high = ids.count
        while low < high {
            let middle = low + (high - low) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
