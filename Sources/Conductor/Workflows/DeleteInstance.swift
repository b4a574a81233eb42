import ComputeModel
import Foundation
import ImageStore
import Persistence
import Workflow

/// Deletes an instance. It begins when an earlier workflow of the instance has settled, and it
/// only goes forward: every step can be repeated, none is undone.
///
/// ```
/// remove_guest    assignment turned to absent, the host's word awaited; a host that is down is
///                 not waited for: its claim stays until it comes back and removes the guest
/// release_ports   ports unbound and given back, those made for the instance deleted
/// remove_copies   images that hold copies of its disk removed
/// finish          deleted
/// ```
struct DeleteInstance: WorkflowDefinition {
    static let kind = "delete_instance"

    struct State: Codable, Sendable {
        var instanceID: InstanceID
        var requestID: APIRequestID
    }

    let context: ConductorContext
    let actions: InstanceActions
    let guests: GuestAssignments
    let images: Images

    static let event = "compute_terminate_instance"
    /// A deletion is tried for minutes before it is left to the next start of the server.
    static let patience = RetryPolicy(
        attempts: 40, firstPause: .milliseconds(200), longestPause: .seconds(10))

    var steps: [WorkflowStep<State>] {
        [
            WorkflowStep(
                "accept", run: { _, _ in },
                undo: { state, _ in try await giveUp(state) }),
            WorkflowStep(withoutUndo: "remove_guest", retry: Self.patience) { state, _ in
                let id = state.instanceID
                try await actions.beginEvent(Self.event, id, state.requestID)
                try await guests.remove(id)
                try await guests.releaseUnassignedClaim(of: id)
            },
            WorkflowStep(withoutUndo: "release_ports", retry: Self.patience) { state, _ in
                try await guests.releasePorts(of: state.instanceID)
            },
            WorkflowStep(withoutUndo: "remove_copies", retry: Self.patience) { state, _ in
                try await removeCopies(state)
            },
            WorkflowStep(withoutUndo: "finish", retry: Self.patience) { state, _ in
                try await finish(state)
            },
        ]
    }

    /// Copies of the instance's disk that moves and shelving made go with it.
    private func removeCopies(_ state: State) async throws {
        guard let instance = try context.documents.get(Instance.self, state.instanceID.text)?.value
        else { return }
        let copies = [
            instance.rootImageID, instance.resize?.oldRootImageID, instance.shelvedImageID,
        ]
        for copy in copies.compactMap({ $0 }) {
            do {
                try await images.discard(copy)
            } catch DomainError.notFound {
                // Its owner was faster.
                continue
            }
        }
    }

    private func finish(_ state: State) async throws {
        try await context.retryingConflicts(.server) {
            guard
                let instance = try context.documents.get(Instance.self, state.instanceID.text),
                instance.value.state != .deleted
            else { return }
            var deleted = instance.value
            deleted.state = .deleted
            deleted.task = nil
            deleted.workflowID = nil
            deleted.migrationID = nil
            deleted.moveDestination = nil
            deleted.resize = nil
            deleted.observed = .none
            deleted.terminatedAt = context.now()
            deleted.updatedAt = context.now()
            try await context.documents.transact { try $0.update(instance, to: deleted) }
        }
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    /// Only reached when the store refused for minutes: the instance says so and can be deleted
    /// again.
    private func giveUp(_ state: State) async throws {
        try await context.retryingConflicts(.server) {
            guard
                let instance = try context.documents.get(Instance.self, state.instanceID.text),
                instance.value.state != .deleted
            else { return }
            var failed = instance.value
            failed.state = .error
            failed.task = nil
            failed.workflowID = nil
            failed.deletionRequested = false
            failed.fault = InstanceFault(
                code: 500, message: "Deleting the server failed; delete it again.",
                details: nil, created: context.now())
            try await context.documents.transact { try $0.update(instance, to: failed) }
        }
        try await actions.endEvent(
            Self.event, state.instanceID, state.requestID, problem: "Deletion failed.")
    }
}
