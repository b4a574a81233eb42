import ComputeModel
import Persistence

// Changes that are decided on what is stored, and decided again when somebody else was faster.
extension ControlPlaneContext {
    /// Runs `body`, again from the start when another writer was faster, up to
    /// ``conflictAttemptsMax`` times. `body` reads, decides and commits; it must not have other
    /// effects.
    ///
    /// Throws `DomainError.conflict(_, .changed, _)` when every attempt lost, and what `body`
    /// throws.
    public func retryingConflicts<Result: Sendable>(
        _ noun: Noun, _ body: () async throws -> Result
    ) async throws -> Result {
        for _ in 0..<conflictAttemptsMax {
            do {
                return try await body()
            } catch let error as StoreError {
                guard case .conflict = error else { throw error }
                try await documents.catchUp()
            }
        }
        throw DomainError.conflict(
            noun, .changed,
            "The \(noun.rawValue) is being changed by other requests; repeat the request.")
    }

    /// Builds and commits one transaction on one view of the documents; on a conflict, again on
    /// newer ones. See ``retryingConflicts(_:_:)``.
    package func changing<Result: Sendable>(
        _ noun: Noun,
        _ build: (DocumentSnapshot, inout DocumentTransaction) throws -> Result
    ) async throws -> Result {
        try await retryingConflicts(noun) {
            var transaction = documents.makeTransaction()
            let result = try build(documents.snapshot(), &transaction)
            try await documents.commit(transaction)
            return result
        }
    }

    /// Deletes an object that others may use, after a check that nobody does.
    ///
    /// The object is first marked as closing, and whatever begins to use an object requires in its
    /// transaction that there is no such mark: so nobody comes between the check and the deletion.
    /// A crash in between leaves the mark; repeating the request, or ``reopenClosing()``, ends
    /// that.
    package func deleteUnused(
        _ noun: Noun, _ id: String,
        refuseIfUsed: (DocumentSnapshot) throws -> Void,
        delete: (DocumentSnapshot, inout DocumentTransaction) throws -> Void
    ) async throws {
        let mark = Reservation.closing(noun, id, by: makeHexID())
        try await documents.transact { try $0.put(mark) }
        do {
            try refuseIfUsed(documents.snapshot())
            try await changing(noun) { snapshot, transaction in
                let own = try snapshot.get(Reservation.self, mark.documentKey)
                guard let own, own.value.holder == mark.holder else {
                    throw DomainError.conflict(
                        noun, .changed,
                        "The \(noun.rawValue) \(id) is being deleted by another request.")
                }
                try delete(snapshot, &transaction)
                try transaction.delete(own)
            }
        } catch {
            // In a task of its own: it must be done also when the request was cancelled.
            try await Task { try await reopen(mark) }.value
            throw error
        }
    }

    private func reopen(_ mark: Reservation) async throws {
        try await changing(.request) { snapshot, transaction in
            let found = try snapshot.get(Reservation.self, mark.documentKey)
            if let found, found.value.holder == mark.holder { try transaction.delete(found) }
        }
    }

    /// Opens what a crash left closed. For the start of the process, before requests come.
    public func reopenClosing() async throws {
        let prefix = Reservation.prefix(kind: Reservation.closing)
        for closing in try documents.list(Reservation.self, prefix: prefix) {
            try await documents.transact { try $0.delete(closing) }
        }
    }
}
