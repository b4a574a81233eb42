import ComputeModel
import Foundation
import Persistence
import Workflow

/// What a workflow does with the instance that it owns: change it, and in the end release it.
struct OwnedInstances: Sendable {
    let context: ConductorContext
    let guests: GuestAssignments
    let reports: GuestReports

    private var documents: DocumentStore { context.documents }

    /// The instance; throws `absent` for one that was swept away.
    func find(_ id: InstanceID) throws -> Instance {
        try documents.require(Instance.self, id.text).value
    }

    /// Changes the instance; nothing happens to one that is gone.
    func change(
        _ id: InstanceID, alongside: (inout DocumentTransaction) throws -> Void = { _ in },
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await change(id, alongside: { _, transaction in try alongside(&transaction) }, body)
    }

    /// The same; `alongside` sees the instance as it was changed, and may change it further.
    func change(
        _ id: InstanceID,
        alongside: (inout Instance, inout DocumentTransaction) throws -> Void,
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await context.retryingConflicts(.server) {
            guard let instance = try documents.get(Instance.self, id.text),
                instance.value.state != .deleted
            else { return }
            var changed = instance.value
            try body(&changed)
            var transaction = documents.makeTransaction()
            try alongside(&changed, &transaction)
            if changed != instance.value {
                changed.updatedAt = context.now()
                try transaction.update(instance, to: changed)
            }
            try await documents.commit(transaction)
        }
    }

    /// Notes what is being done now; a deletion's task stays.
    func setTask(_ id: InstanceID, _ task: InstanceTask) async throws {
        try await change(id) { if !$0.deletionRequested { $0.task = task } }
    }

    /// The end of the workflow: its instance is free for the next one, unless a deletion waits
    /// already. `body` sets what else is true now.
    func release(
        _ id: InstanceID, alongside: (inout DocumentTransaction) throws -> Void = { _ in },
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await release(id, alongside: { _, transaction in try alongside(&transaction) }, body)
    }

    /// The same; `alongside` sees the instance as it was changed, and may change it further.
    func release(
        _ id: InstanceID,
        alongside: (inout Instance, inout DocumentTransaction) throws -> Void,
        _ body: (inout Instance) throws -> Void
    ) async throws {
        try await change(
            id,
            alongside: { instance, transaction in
                try alongside(&instance, &transaction)
                try reports.catchUp(&instance, into: &transaction)
            }
        ) { instance in
            try body(&instance)
            guard !instance.deletionRequested else { return }
            instance.task = nil
            instance.workflowID = nil
            instance.stateBefore = nil
        }
    }

    /// Takes back a claim that no guest can be using, and forgets the host; `body` sets what else
    /// is true then.
    func unplace(
        _ id: InstanceID, _ body: (inout Instance) throws -> Void = { _ in }
    ) async throws {
        try await change(
            id,
            alongside: { instance, transaction in
                try guests.unplace(&instance, in: &transaction)
            }, body)
    }

    /// The way back is done: the instance is as before. With `isBroken` its guest is not, and the
    /// instance says so.
    func releaseFailed(
        _ id: InstanceID, to state: InstanceState, _ failure: RecordedFailure?, isBroken: Bool,
        _ body: (inout Instance) -> Void = { _ in }
    ) async throws {
        try await release(id) { instance in
            body(&instance)
            if !isBroken {
                try instance.enter(state)
                return
            }
            try instance.enter(.error)
            instance.fault = InstanceFault(
                code: 500, message: failure?.message ?? "The operation failed.",
                details: failure?.trace, created: context.now())
        }
    }

    /// Whether the workflow has its instance still, be it that a deletion waits for its end.
    func owns(_ state: some InstanceWorkflowState) throws -> Bool {
        guard let instance = try documents.get(Instance.self, state.instanceID.text)?.value,
            let owner = instance.workflowID
        else { return false }
        if owner == state.workflowID { return true }
        let next = try documents.get(WorkflowRecord.self, owner.text)?.value
        return instance.deletionRequested && next?.after == state.workflowID.text
    }

    /// Whether undoing may leave the guest alone, because it is going to be deleted.
    func isDoomed(_ id: InstanceID) throws -> Bool {
        try documents.get(Instance.self, id.text)?.value.deletionRequested ?? true
    }
}
