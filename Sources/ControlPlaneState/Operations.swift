import ComputeModel
import Foundation
import Logging
import Persistence
import Workflow

/// Accepts operations: the changed documents and the workflow's record in one transaction, so
/// that an accepted request is never lost and a refused one leaves nothing.
package struct Operations: Sendable {
    private let documents: DocumentStore
    private let now: @Sendable () -> Date
    private let logger: Logger
    /// Runs what was accepted.
    package let engine: WorkflowEngine

    /// Operations on the documents of `context`, run by `engine`.
    package init<Settings>(context: ControlPlaneContext<Settings>, engine: WorkflowEngine) {
        documents = context.documents
        now = context.now
        logger = context.logger
        self.engine = engine
    }

    /// Stores the record of a workflow together with what `change` writes. With `cancelling`, an
    /// earlier workflow's wish to be cancelled is part of the transaction too. Nothing runs yet:
    /// see `begin`.
    package func accept<Definition: WorkflowDefinition>(
        _ definition: Definition, state: Definition.State, subject: String,
        requestID: APIRequestID, id: WorkflowID, after: WorkflowID? = nil,
        cancelling: WorkflowID? = nil, change: (inout DocumentTransaction) throws -> Void
    ) async throws -> StoredWorkflow {
        let record = try engine.makeRecord(
            definition, state: state, subject: subject, requestID: requestID.text, id: id.text,
            after: after?.text)
        var transaction = documents.makeTransaction()
        try transaction.insert(record)
        if let cancelling,
            let earlier = try documents.get(WorkflowRecord.self, cancelling.text),
            !earlier.value.status.isFinished
        {
            var cancelled = earlier.value
            cancelled.requestCancellation(at: now())
            try transaction.update(earlier, to: cancelled)
        }
        try change(&transaction)
        let generation = try await documents.commit(transaction)
        if let cancelling { await engine.noticeCancellation(of: cancelling.text) }
        return StoredWorkflow(record: record, generation: generation)
    }

    /// As `accept`, for several workflows of one kind, all in one transaction. Each is named by
    /// its id, with its state and the id of its subject.
    package func acceptTogether<Definition: WorkflowDefinition>(
        _ definition: Definition,
        _ workflows: [(id: WorkflowID, state: Definition.State, subject: String)],
        requestID: APIRequestID, change: (inout DocumentTransaction) throws -> Void
    ) async throws -> [StoredWorkflow] {
        let records = try workflows.map {
            try engine.makeRecord(
                definition, state: $0.state, subject: $0.subject, requestID: requestID.text,
                id: $0.id.text, after: nil)
        }
        var transaction = documents.makeTransaction()
        for record in records { try transaction.insert(record) }
        try change(&transaction)
        let generation = try await documents.commit(transaction)
        return records.map { StoredWorkflow(record: $0, generation: generation) }
    }

    /// Runs what was accepted. A server that is shutting down leaves it to its next start.
    package func begin(_ workflow: StoredWorkflow) async throws {
        do {
            try await engine.adopt(workflow.record, generation: workflow.generation)
        } catch .shutDown {
            logger.info(
                "an accepted operation waits for the next start",
                metadata: ["workflow": "\(workflow.record.id)"])
        }
    }
}
