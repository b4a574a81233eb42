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

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let placements: Placements
    let portBindings: PortBindings
    let moveDestinations: MoveDestinations
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        placements = parts.placements
        portBindings = parts.portBindings
        moveDestinations = parts.moveDestinations
        diskCopies = parts.diskCopies
    }

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
        try await actions.beginEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        let flavor = try instances.find(given.instanceID).flavor
        let index = placements.placer.index
        try await moveDestinations.claim(
            given.instanceID, given.workflowID,
            MoveDestination(
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
        try await actions.endEvent(Self.scheduleEvent, given.instanceID, given.requestID)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        try await instances.unplace(state.instanceID) { $0.rootImageID = nil }
    }

    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await portBindings.bind(of: state.instanceID, to: placedHost(state))
    }

    private func unbindPorts(_ state: inout State, _ step: StepContext) async throws {
        try await portBindings.unbind(of: state.instanceID)
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let id = state.instanceID
        let instance = try instances.find(id)
        let host = try require(instance.hostID, .host, state)
        try await actions.beginEvent(
            Self.event, id, state.requestID, hostName: instance.hostName)
        try await guests.insert(id, on: host, by: state.mark("assign")) {
            snapshot, generation in
            Assignment(
                instanceID: id, hostID: host, generation: generation, goal: .running,
                guest: try GuestDefinitions.guest(instance, host: host, snapshot))
        }
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        // Without a host `assign` has refused to begin.
        guard let host = try instances.find(state.instanceID).hostID else { return }
        try await guests.removeBeforeStart(state.instanceID, from: host)
    }

    private func awaitGuest(_ state: inout State, _ step: StepContext) async throws {
        try await guests.awaitSettled(
            state.instanceID, on: placedHost(state), within: context.settings.buildTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        let host = try placedHost(state)
        let mark = state.mark("finish")
        try await diskCopies.keepInternally(state.imageID)
        try await instances.release(
            id, alongside: { try guests.allocate(id, on: host, by: mark, in: &$0) },
            { instance in
                try instance.enter(.active)
                instance.desiredPower = .running
                instance.shelvedImageID = nil
                instance.launchedAt = context.now()
            })
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        try await instances.releaseFailed(
            state.instanceID, to: .shelvedOffloaded, state.failure, isBroken: false)
    }
}
