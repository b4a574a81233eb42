import ComputeModel
import ControlPlaneState
import Foundation
import Networking
import Persistence
import Workflow

/// Instances: what can be asked of them, and what is told about them.
public struct Instances: Sendable {
    let context: ConductorContext
    let operations: Operations
    let actions: InstanceActions
    let flavors: Flavors
    let keypairs: Keypairs
    let ports: Ports
    let questions: HostQuestions
    let hosts: Hosts
    let parts: InstanceParts
    let workflows: InstanceWorkflows

    /// Those the caller may see, the newest first. `deleted` ones only for those who ask.
    public func list(
        _ caller: Caller, allProjects: Bool = false, deleted: Bool = false
    ) throws -> [Instance] {
        try context.documents.list(Instance.self).map(\.value).filter { instance in
            (allProjects && caller.isAdmin || instance.projectID == caller.projectID)
                && (instance.state == .deleted) == deleted
        }.sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
    }

    /// One instance. Throws `notFound` for those of others, and for deleted ones unless asked.
    public func show(
        _ id: InstanceID, _ caller: Caller, deleted: Bool = false
    ) throws -> Instance {
        try find(id, caller, deleted: deleted).value
    }

    /// Changes the name or description.
    public func update(
        _ id: InstanceID, _ caller: Caller, _ change: (inout Instance) throws -> Void
    ) async throws -> Instance {
        _ = try find(id, caller)
        return try await context.documents.mutate(Instance.self, id.text) { instance in
            try change(&instance)
            instance.updatedAt = context.now()
        }.value
    }

    /// Accepts a deletion; the instance is gone for its owner when its workflow has ended. A
    /// build under way is unwound first. Asking again while it is being deleted changes nothing.
    public func delete(_ id: InstanceID, _ caller: Caller) async throws {
        let record = try await context.retryingConflicts(.server) {
            let instance = try find(id, caller)
            if instance.value.deletionRequested { return nil as StoredWorkflow? }
            if instance.value.locked, !caller.isAdmin {
                throw DomainError.conflict(.server, .locked, "Instance \(id) is locked")
            }
            return try await acceptDeletion(instance, caller)
        }
        if let record { try await operations.begin(record) }
    }

    private func acceptDeletion(
        _ instance: Versioned<Instance>, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let running = instance.value.workflowID
        let id = WorkflowID(uuid: context.makeUUID())
        var doomed = instance.value
        doomed.deletionRequested = true
        doomed.task = .deleting
        doomed.workflowID = id
        doomed.updatedAt = context.now()
        return try await operations.accept(
            workflows.delete,
            state: DeleteInstance.State(
                instanceID: instance.value.id, requestID: caller.requestID,
                storedWorkflowID: id),
            subject: instance.value.id.text, requestID: caller.requestID, id: id, after: running,
            cancelling: running
        ) { transaction in
            try transaction.update(instance, to: doomed)
            try actions.begin("delete", doomed, caller, in: &transaction)
        }
    }

    /// The end of the guest's console log: the last `lines` lines, or as much as is kept.
    ///
    /// Throws `conflict(.state)` for an instance without host, `unavailable` when the host
    /// doesn't answer in time.
    public func consoleOutput(
        _ id: InstanceID, _ caller: Caller, lines: Int?
    ) async throws -> String {
        let instance = try find(id, caller).value
        guard let host = instance.hostID, instance.state != .building else {
            throw DomainError.conflict(
                .server, .state,
                "Instance \(id) is not ready: it has no console before it runs on a host.")
        }
        let text = try await questions.consoleTail(
            id, host: host, bytes: context.settings.consoleBytesMax)
        guard let lines, lines >= 0 else { return text }
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        let ended = all.last == "" ? all.dropLast() : all[...]
        return ended.suffix(lines).joined(separator: "\n")
    }

    func find(
        _ id: InstanceID, _ caller: Caller, deleted: Bool = false
    ) throws -> Versioned<Instance> {
        guard let instance = try context.documents.get(Instance.self, id.text),
            caller.maySee(instance.value.projectID),
            deleted || instance.value.state != .deleted
        else {
            throw DomainError.notFound(.server, id.text)
        }
        return instance
    }
}
