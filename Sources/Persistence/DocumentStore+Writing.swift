extension DocumentStore {
    /// Attempts of ``mutate(_:_:attempts:_:)`` unless told otherwise.
    public static let mutateAttempts = 10

    /// Builds a transaction, commits it and waits until reads show it; then returns what the body
    /// returned. A body that throws commits nothing.
    ///
    /// Throws ``StoreError/conflict(failed:)`` if a condition doesn't hold: nothing was written,
    /// read again and decide again. Once committed it succeeds even if the task is cancelled.
    @discardableResult
    public func transact<Result>(
        _ body: (inout DocumentTransaction) throws -> Result
    ) async throws -> Result {
        var transaction = DocumentTransaction()
        let result = try body(&transaction)
        try await commit(transaction)
        return result
    }

    /// An empty transaction, for those who build it in several places. See ``commit(_:)``.
    public func makeTransaction() -> DocumentTransaction { DocumentTransaction() }

    /// Commits a transaction and waits until reads show it. Returns its revision, which is the
    /// generation of every document it wrote.
    @discardableResult
    public func commit(_ transaction: DocumentTransaction) async throws(StoreError) -> Int64 {
        guard !transaction.isEmpty else { return cache.applied.value }
        cache.expect(transaction.written)
        defer { cache.forget(transaction.written) }
        let revision = try await store.transact(
            conditions: transaction.conditions, writes: transaction.writes)
        await reach(revision)
        return revision
    }

    /// Changes one document, again on its newest form whenever another writer was faster, up to
    /// `attempts` times. Returns the document as stored.
    ///
    /// Throws ``StoreError/absent(_:)``, ``StoreError/contended(_:attempts:)``, or what `change`
    /// throws. `change` may run more than once.
    @discardableResult
    public func mutate<Value: StoredValue>(
        _ type: Value.Type, _ id: String, attempts: Int = mutateAttempts,
        _ change: (inout Value) throws -> Void
    ) async throws -> Versioned<Value> {
        let key = try DocumentKey(collection: Value.collection, id: id)
        for _ in 0..<attempts {
            let current = try require(type, id)
            var value = current.value
            try change(&value)
            var transaction = DocumentTransaction()
            try transaction.update(current, to: value)
            do {
                return Versioned(value: value, generation: try await commit(transaction))
            } catch StoreError.conflict {
                try await catchUp()
            }
        }
        throw StoreError.contended(key, attempts: attempts)
    }

    /// Waits until reads show everything committed so far. To be called after a conflict: the
    /// winner may not have reached this memory yet, and a new decision on the old state would
    /// only lose again.
    public func catchUp() async throws(StoreError) {
        await reach(try await store.currentRevision())
    }

    /// Waits until reads show `revision`. The write behind it is already acknowledged, so neither
    /// cancellation nor a store closing just now may turn it into an error.
    private func reach(_ revision: Int64) async {
        if cache.applied.value >= revision { return }
        await Task { [applied = cache.applied] in
            do {
                try await applied.wait(until: revision)
            } catch {
                // Only closed is possible here: there is no later read to be early for.
            }
        }.value
    }
}
