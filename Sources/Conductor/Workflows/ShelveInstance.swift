import ComputeModel
import Foundation
import Persistence
import Workflow

/// Keeps an instance as an image, and takes it off its host when that is wanted.
///
/// ```
/// step           does                                         undone by
/// accept         -                                            the instance as before
/// stop           the guest off                                the guest as before, awaited
/// copy           its root disk as an image                    the image deleted
/// shelve         shelved, image noted                         -
/// remove_guest   nothing left on its host                     (no way back from here)
/// release_ports  ports unbound, still the instance's
/// finish         the instance is free
/// ```
struct ShelveInstance: InstanceWorkflow {
    static let kind = "shelve_instance"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        /// The image; one that is there already when only the offloading was asked for.
        var imageID: ImageID
        /// Whether the copy has yet to be made.
        var isCopying: Bool
        var isOffloading: Bool
        var before: Assignment
        var stateBefore: InstanceState
        var failure: RecordedFailure?
        var isBroken = false
        var goesForward: Bool?

        var event: String {
            isCopying ? "compute_shelve_instance" : "compute_shelve_offload_instance"
        }
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let portBindings: PortBindings
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        portBindings = parts.portBindings
        diskCopies = parts.diskCopies
    }

    func events(_ state: State) -> [String] { [state.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("stop", run: stop, undo: restart),
            step("copy", run: copy, undo: dropCopy),
            step("shelve", run: shelve),
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] {
        [
            forward("remove_guest", run: removeGuest),
            forward("release_ports", run: releasePorts),
            forward("finish", run: finish, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            state.event, state.instanceID, state.requestID,
            hostName: try guests.name(of: state.before.hostID))
    }

    private func stop(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        guard state.isCopying else { return }
        try await guests.powerOff(
            state.instanceID, on: state.before.hostID, by: state.mark("stop"), step)
    }

    private func restart(_ state: inout State, _ step: StepContext) async throws {
        let (id, before) = (state.instanceID, state.before)
        guard state.isCopying, try !instances.isDoomed(id),
            try guests.current(id, on: before.hostID)?.generation != before.generation
        else { return }
        // Saved or paused memory is gone with the guest's power.
        let isRunning = before.goal == .running
        if !isRunning { state.stateBefore = .stopped }
        try await guests.rewriteIfAssigned(
            id, on: before.hostID, by: state.mark("restart")
        ) { assignment, _ in
            assignment.goal = isRunning ? .running : .stopped
            assignment.export = nil
        }
        state.isBroken =
            try await guests.restoration(
                of: id, on: before.hostID, within: context.settings.buildTimeout, step)
            == .failed
    }

    private func copy(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        guard state.isCopying else { return }
        try await diskCopies.export(
            state.instanceID, on: state.before.hostID, as: state.imageID,
            by: state.mark("copy"), step)
    }

    private func dropCopy(_ state: inout State, _ step: StepContext) async throws {
        guard state.isCopying else { return }
        try await diskCopies.endExport(
            state.instanceID, on: state.before.hostID, by: state.mark("drop-copy"))
        try await diskCopies.discard(state.imageID)
    }

    private func shelve(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let image = state.imageID
        let isOffloading = state.isOffloading
        try await diskCopies.endExport(
            state.instanceID, on: state.before.hostID, by: state.mark("end-export"))
        try await instances.change(state.instanceID) { instance in
            try instance.enter(.shelved)
            instance.shelvedImageID = image
            if isOffloading, !instance.deletionRequested { instance.task = .shelvingOffloading }
        }
    }

    private func removeGuest(_ state: inout State, _ step: StepContext) async throws {
        guard state.isOffloading else { return }
        try await guests.remove(state.instanceID)
    }

    private func releasePorts(_ state: inout State, _ step: StepContext) async throws {
        guard state.isOffloading else { return }
        try await portBindings.unbind(of: state.instanceID)
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let isOffloading = state.isOffloading
        // The disk that the earlier copy was for is gone with the host's part.
        if isOffloading, let image = try instances.find(state.instanceID).rootImageID {
            try await diskCopies.discard(image)
        }
        try await instances.release(state.instanceID) { instance in
            instance.desiredPower = .stopped
            guard isOffloading else { return }
            try instance.enter(.shelvedOffloaded)
            instance.hostID = nil
            instance.hostName = nil
            instance.zone = nil
            instance.observed = .none
            instance.rootBuild = nil
            instance.rootImageID = nil
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(state.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        // Also when there was nothing to copy yet.
        if state.isCopying { try await diskCopies.discard(state.imageID) }
        try await instances.releaseFailed(
            state.instanceID, to: state.stateBefore, state.failure, isBroken: state.isBroken
        ) { instance in
            if state.isCopying { instance.shelvedImageID = nil }
        }
    }
}
