import ComputeModel
import Foundation
import Persistence
import Workflow

/// Makes a resize or cold migration final: what is left on the old host goes. Only forward.
///
/// ```
/// accept         -
/// remove_source  the old host's part removed, awaited; a host that is down keeps its claim until
///                it comes back. In place: the old root disk, and what the old flavor had more
/// finish         active or stopped
/// ```
struct ConfirmResize: InstanceWorkflow {
    static let kind = "confirm_resize"
    static let event = "compute_confirm_resize"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var failure: RecordedFailure?
        var goesForward: Bool?
    }

    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let migrationRecords: MigrationRecords
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        migrationRecords = parts.migrationRecords
        diskCopies = parts.diskCopies
    }

    func events(_ state: State) -> [String] { [Self.event] }

    var steps: [WorkflowStep<State>] {
        [
            first(
                "accept",
                run: { state, _ in
                    try await actions.beginEvent(
                        Self.event, state.instanceID, state.requestID)
                },
                undo: { state, _ in
                    try await instances.release(state.instanceID) { try $0.enter(.resized) }
                })
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] {
        [
            forward("remove_source", run: removeSource),
            forward("finish", run: finish, end: end),
        ]
    }

    private func removeSource(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        let instance = try instances.find(id)
        // It is over already when a deletion waits for the end that was reached before a crash.
        guard instance.state == .resized || instance.resize != nil else { return }
        let resize = try require(instance.resize, .resize, state)
        guard resize.isInPlace else {
            return try await guests.remove(id, from: resize.oldHostID)
        }
        try await guests.rewrite(
            id, on: resize.newHostID, by: state.mark("remove-source")
        ) { assignment, _ in assignment.guest.keptRootBuilds = nil }
        try await instances.change(
            id,
            alongside: { transaction in
                try guests.changeClaim(id, on: resize.newHostID, in: &transaction) {
                    $0.capacity.take(resize.newFlavor)
                }
            }, { _ in })
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        let resize = try instances.find(id).resize
        if let image = resize?.oldRootImageID { try await diskCopies.discard(image) }
        if let resize {
            try await migrationRecords.change(resize.migrationID) { $0.status = .confirmed }
        }
        try await instances.release(id) { instance in
            // As in the step before: without a resize this was done already.
            guard let resize = instance.resize else { return }
            // It may have gone off by itself while it waited.
            let goal = try guests.current(id, on: resize.newHostID)?.goal
            instance.resize = nil
            try instance.enter((goal ?? .running) == .running ? .active : .stopped)
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }
}
