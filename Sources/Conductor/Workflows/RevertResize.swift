import ComputeModel
import Foundation
import Persistence
import Workflow

/// Takes a resize or cold migration back: the instance is again where, and as, it was.
///
/// ```
/// accept              -
/// remove_destination  the new host's part removed, awaited
/// restore             ports, flavor and host as before
/// assign              the guest on its old host
/// await               the old host's word; when it fails the instance is in error, on its old host
/// finish              active or stopped
/// ```
struct RevertResize: InstanceWorkflow {
    static let kind = "revert_resize"
    static let event = "compute_revert_resize"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        /// As it was when the revert was asked for.
        var resize: InstanceResize
        /// The root disk and its image that the move made.
        var movedImageID: ImageID?
        var failure: RecordedFailure?
        var isBroken = false
        var goesForward: Bool?
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let portBindings: PortBindings
    let migrationRecords: MigrationRecords
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        portBindings = parts.portBindings
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
                        Self.event, state.instanceID, state.requestID,
                        hostName: state.resize.oldHostName)
                    try await migrationRecords.change(state.resize.migrationID) {
                        $0.status = .reverting
                    }
                },
                undo: { state, _ in
                    try await migrationRecords.change(state.resize.migrationID) {
                        $0.status = .finished
                    }
                    try await instances.release(state.instanceID) { try $0.enter(.resized) }
                })
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] {
        [
            forward("remove_destination", run: removeDestination),
            forward("restore", run: restore),
            forward("assign", run: assign),
            forward("await", run: awaitGuest),
            forward("finish", run: finish, end: end),
        ]
    }

    private func removeDestination(_ state: inout State, _ step: StepContext) async throws {
        guard !state.resize.isInPlace else { return }
        try await guests.removeBeforeStart(
            state.instanceID, from: state.resize.newHostID)
    }

    private func restore(_ state: inout State, _ step: StepContext) async throws {
        let (id, resize) = (state.instanceID, state.resize)
        try await instances.change(
            id,
            alongside: { transaction in
                try portBindings.restore(resize.oldBindings, of: id, in: &transaction)
                if resize.isInPlace {
                    try guests.changeClaim(id, on: resize.oldHostID, in: &transaction) {
                        $0.capacity.take(resize.oldFlavor)
                    }
                }
            },
            { instance in
                instance.flavor = resize.oldFlavor
                instance.hostID = resize.oldHostID
                instance.hostName = resize.oldHostName
                instance.zone = resize.oldZone
                instance.rootBuild = resize.oldRootBuild
                instance.rootImageID = resize.oldRootImageID
            })
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        let (id, resize) = (state.instanceID, state.resize)
        guard try !instances.isDoomed(id) else { return }
        let instance = try instances.find(id)
        try await guests.rewrite(
            id, on: resize.oldHostID, by: state.mark("assign")
        ) { assignment, generation in
            assignment.goal = resize.wasRunning ? .running : .stopped
            assignment.guest = try GuestDefinitions.guest(
                instance, host: resize.oldHostID, context.documents.snapshot(),
                lastImage: assignment.guest.image)
            assignment.definedSince = generation
        }
    }

    private func awaitGuest(_ state: inout State, _ step: StepContext) async throws {
        let (id, host) = (state.instanceID, state.resize.oldHostID)
        guard try !instances.isDoomed(id) else { return }
        do {
            try await guests.awaitSettled(
                id, on: host, within: context.settings.buildTimeout,
                checkCancellation: { try Task.checkCancellation() })
        } catch let failure as GuestFailure {
            state.failure = RecordedFailure(failure)
            state.isBroken = try guests.isFailed(id, on: host)
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let resize = state.resize
        if let image = state.movedImageID { try await diskCopies.discard(image) }
        try await migrationRecords.change(resize.migrationID) { $0.status = .reverted }
        try await instances.releaseFailed(
            state.instanceID, to: resize.wasRunning ? .active : .stopped, state.failure,
            isBroken: state.isBroken
        ) { $0.resize = nil }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(
            Self.event, state.instanceID, state.requestID, problem: state.failure?.message,
            trace: state.failure?.trace)
    }
}
