import ComputeModel
import Persistence
import Workflow

extension WorkflowRecord: StoredValue {
    /// `workflows/<id>`.
    public static var collection: String { "workflows" }
    /// The id.
    public var documentKey: String { id }
}

/// The workflow engine's log, kept with everything else.
public struct StoredWorkflowLog: WorkflowLog {
    private let documents: DocumentStore

    /// A log in `documents`.
    public init(_ documents: DocumentStore) {
        self.documents = documents
    }

    /// See `WorkflowLog`.
    public func unfinished() async throws(WorkflowLogError) -> [StoredWorkflow] {
        do {
            return try documents.list(WorkflowRecord.self)
                .filter { !$0.value.status.isFinished }
                .sorted { $0.value.createdAt < $1.value.createdAt }
                .map { StoredWorkflow(record: $0.value, generation: $0.generation) }
        } catch {
            throw Self.failure(error, id: "*")
        }
    }

    /// See `WorkflowLog`. Never older than what others have stored by now: a conflict is followed
    /// by a load, and the memory may not have heard of the winner yet.
    public func load(_ id: String) async throws(WorkflowLogError) -> StoredWorkflow? {
        do {
            try await documents.catchUp()
            return try documents.get(WorkflowRecord.self, id)
                .map { StoredWorkflow(record: $0.value, generation: $0.generation) }
        } catch {
            throw Self.failure(error, id: id)
        }
    }

    /// See `WorkflowLog`.
    public func insert(_ record: WorkflowRecord) async throws(WorkflowLogError) -> Int64 {
        do {
            var transaction = documents.makeTransaction()
            try transaction.insert(record)
            return try await documents.commit(transaction)
        } catch {
            throw Self.failure(error, id: record.id)
        }
    }

    /// See `WorkflowLog`.
    public func save(
        _ record: WorkflowRecord, expecting generation: Int64
    ) async throws(WorkflowLogError) -> Int64 {
        do {
            var transaction = documents.makeTransaction()
            let current = Versioned(value: record, generation: generation)
            try transaction.update(current, to: record)
            return try await documents.commit(transaction)
        } catch {
            throw Self.failure(error, id: record.id)
        }
    }

    private static func failure(_ error: StoreError, id: String) -> WorkflowLogError {
        switch error {
        case .conflict: .conflict(id: id)
        case .closed: .closed
        default: .unavailable(detail: "\(error)")
        }
    }
}
