import ComputeModel
import Foundation
import Persistence
import Workflow

/// Brings an instance that was taken off its host back, on any host, from its image.
///
/// ```
/// accept      -                                  offloaded as before, its ports unbound
/// place       host and devices claimed           claim released
/// bind_ports  ports on the new devices           ports unbound, still the instance's
/// assign      the guest on the new host          removed there, awaited
/// await       the host's word
/// finish      active; the image belongs to the root disk now
/// ```
struct UnshelveInstance: InstanceWorkflow {
    static let kind = "unshelve_instance"
    static let event = "compute_unshelve_instance"
    static let scheduleEvent = "conductor_unshelve_instance"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var imageID: ImageID
        var zone: String?
        var hostName: String?
        var failure: RecordedFailure?
    }

    let tools: InstanceTools

    func events(_ state: State) -> [String] { [Self.scheduleEvent, Self.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("place", run: place, undo: releaseClaim),
            step("bind_ports", run: bindPorts, undo: unbindPorts),
            step("assign", run: assign, undo: withdraw),
            step("await", run: awaitGuest),
            last("finish", run: finish, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await tools.actions.beginEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        let flavor = try tools.instance(given.instanceID).flavor
        let index = tools.placements.placer.index
        try await tools.claimDestination(
            given.instanceID, given.workflowID,
            InstanceTools.Destination(
                flavor: flavor, hostName: given.hostName, zone: given.zone),
            isPlaced: { $0.hostID != nil },
            note: { instance, candidate, _ in
                instance.hostID = candidate.hostID
                instance.hostName = candidate.hostName
                instance.zone = index.zone(of: candidate.hostID)
                instance.rootImageID = given.imageID
                instance.rootBuild = nil
                if !instance.deletionRequested { instance.task = .spawning }
            })
        try await tools.actions.endEvent(Self.scheduleEvent, given.instanceID, given.requestID)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        try await tools.unplace(state.instanceID) { $0.rootImageID = nil }
    }

    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await tools.bindPorts(of: state.instanceID, to: placedHost(state))
    }

    private func unbindPorts(_ state: inout State, _ step: StepContext) async throws {
        try await tools.unbindPorts(of: state.instanceID)
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let id = state.instanceID
        let instance = try tools.instance(id)
        let host = try require(instance.hostID, .host, state)
        try await tools.actions.beginEvent(
            Self.event, id, state.requestID, hostName: instance.hostName)
        try await tools.guests.insert(id, on: host, by: state.mark("assign")) {
            snapshot, generation in
            Assignment(
                instanceID: id, hostID: host, generation: generation, goal: .running,
                guest: try GuestBlueprint.guest(instance, host: host, snapshot))
        }
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        // Without a host `assign` has refused to begin.
        guard let host = try tools.instance(state.instanceID).hostID else { return }
        try await tools.guests.removeBeforeStart(state.instanceID, from: host)
    }

    private func awaitGuest(_ state: inout State, _ step: StepContext) async throws {
        try await tools.guests.awaitSettled(
            state.instanceID, on: placedHost(state), within: tools.context.settings.buildTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        let host = try placedHost(state)
        let mark = state.mark("finish")
        try await tools.keepInternally(state.imageID)
        try await tools.release(
            id, alongside: { try tools.guests.allocate(id, on: host, by: mark, in: &$0) },
            { instance in
                try instance.enter(.active)
                instance.desiredPower = .running
                instance.shelvedImageID = nil
                instance.launchedAt = tools.context.now()
            })
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await tools.actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        try await tools.releaseFailed(
            state.instanceID, to: .shelvedOffloaded, state.failure, isBroken: false)
    }
}

extension InstanceTools {
    /// Takes an image out of its owner's sight: from now on it is only what a root disk lies over.
    func keepInternally(_ id: ImageID) async throws {
        try await context.retryingConflicts(.image) {
            guard let image = try documents.get(Image.self, id.text),
                image.value.ownerID != .millrace
            else { return }
            var changed = image.value
            changed.ownerID = .millrace
            changed.hidden = true
            changed.protected = false
            changed.visibility = .private
            changed.updatedAt = context.now()
            let kept = changed
            try await documents.transact { try $0.update(image, to: kept) }
        }
    }
}
