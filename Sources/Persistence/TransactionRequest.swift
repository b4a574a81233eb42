/// A transaction as handed to an engine, and the checks that are the same for all of them.
struct TransactionRequest: Sendable {
    let conditions: [Condition]
    let writes: [DocumentWrite]

    init(
        conditions: [Condition], writes: [DocumentWrite], limits: StoreLimits
    ) throws(StoreError) {
        var bytes = 0
        var keys = Set<DocumentKey>(minimumCapacity: writes.count)
        for write in writes {
            guard keys.insert(write.key).inserted else {
                throw .invalidTransaction(reason: "it writes \(write.key) twice")
            }
            guard case .put(let key, let value) = write else { continue }
            guard value.count <= limits.valueBytes else {
                throw .valueTooLarge(key, bytes: value.count, limit: limits.valueBytes)
            }
            bytes += value.count
        }
        let operations = max(conditions.count, writes.count)
        guard operations <= limits.transactionOperations, bytes <= limits.transactionBytes else {
            throw .transactionTooLarge(operations: operations, bytes: bytes)
        }
        self.conditions = conditions
        self.writes = writes
    }
}
