import ComputeModel
import Foundation
import Persistence
import Workflow

/// Deletes an instance. It begins when an earlier workflow of the instance has settled, and it
/// only goes forward: every step can be repeated, none is undone.
///
/// ```
/// accept          -               when a step failed for minutes: error, can be deleted again
/// remove_guest    assignment turned to absent, the host's word awaited; a host that is down is
///                 not waited for: its claim stays until it comes back and removes the guest
/// release_ports   ports unbound and given back, those made for the instance deleted
/// remove_copies   images that hold copies of its disk removed
/// finish          deleted
/// ```
struct DeleteInstance: InstanceWorkflow {
    static let kind = "delete_instance"
    static let event = "compute_terminate_instance"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        /// Nil in records of releases that did not store it.
        var storedWorkflowID: WorkflowID?

        var workflowID: WorkflowID { storedWorkflowID ?? WorkflowID("") }
        /// A deletion has one thing to say to tenants, whatever went wrong.
        var failure: RecordedFailure? {
            get { nil }
            set {}
        }

        enum CodingKeys: String, CodingKey {
            case instanceID, requestID
            case storedWorkflowID = "workflowID"
        }
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        diskCopies = parts.diskCopies
    }

    func events(_ state: State) -> [String] { [Self.event] }

    func problem(_ state: State) throws -> String? { "Deletion failed." }

    /// A deletion whose record doesn't tell its id has the instance as long as that is to be
    /// deleted: there is one deletion at a time.
    func owns(_ state: State) throws -> Bool {
        guard state.storedWorkflowID == nil else { return try instances.owns(state) }
        let found = try context.documents.get(Instance.self, state.instanceID.text)?.value
        return found?.deletionRequested == true && found?.state != .deleted
    }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: { _, _ in }, undo: giveUp),
            patient("remove_guest", run: removeGuest),
            patient("release_ports", run: releasePorts),
            patient("remove_copies", run: removeCopies),
            patient("finish", run: finish, end: end),
        ]
    }

    private func removeGuest(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        try await actions.beginEvent(Self.event, id, state.requestID)
        try await guests.remove(id)
        try await instances.unplace(id)
    }

    private func releasePorts(_ state: inout State, _ step: StepContext) async throws {
        try await guests.releasePorts(of: state.instanceID)
    }

    /// Copies of the instance's disk that moves and shelving made go with it.
    private func removeCopies(_ state: inout State, _ step: StepContext) async throws {
        let instance = try instances.find(state.instanceID)
        let copies = [
            instance.rootImageID, instance.resize?.oldRootImageID, instance.shelvedImageID,
        ]
        for copy in copies.compactMap({ $0 }) { try await diskCopies.discard(copy) }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        try await instances.change(state.instanceID) { instance in
            try instance.enter(.deleted)
            instance.task = nil
            instance.workflowID = nil
            instance.migrationID = nil
            instance.moveDestination = nil
            instance.resize = nil
            instance.observed = .none
            instance.terminatedAt = context.now()
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    /// Only reached when the store refused for minutes: the instance says so and can be deleted
    /// again.
    private func giveUp(_ state: inout State, _ step: StepContext) async throws {
        try await instances.change(state.instanceID) { instance in
            try instance.enter(.error)
            instance.task = nil
            instance.workflowID = nil
            instance.deletionRequested = false
            instance.fault = InstanceFault(
                code: 500, message: "Deleting the server failed; delete it again.",
                details: nil, created: context.now())
        }
    }
}
