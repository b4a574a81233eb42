import ComputeModel
import Foundation
import Persistence
import Workflow

/// Builds an accepted instance: place, bind its ports, assign it to the host, await the guest.
///
/// ```
/// step           does                                   undone by
/// accept         -                                      ports given back; error with the fault,
///                                                       or nothing when deletion was asked for
/// place          host chosen, exact devices claimed     claim released, unless a guest may exist
/// bind_ports     ports bound, MACs agreed               ports unbound and given back
/// assign         assignment written                     assignment turned to absent, awaited
/// await_running  the host's word that it runs           -
/// finish         active, claim allocated                -
/// ```
struct CreateInstance: InstanceWorkflow {
    static let kind = "create_instance"
    static let buildEvent = "compute__do_build_and_run_instance"
    static let scheduleEvent = "conductor_schedule_and_build_instances"
    static let failureMessage = "Building the server failed."

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var failure: RecordedFailure?
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let placements: Placements
    let portBindings: PortBindings

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        placements = parts.placements
        portBindings = parts.portBindings
    }

    func events(_ state: State) -> [String] { [Self.scheduleEvent, Self.buildEvent] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: { _, _ in }, undo: fail),
            step("place", run: place, undo: releaseClaim),
            step("bind_ports", run: bindPorts, undo: unbindPorts),
            step("assign", run: assign, undo: withdraw),
            step("await_running", run: awaitRunning),
            last("finish", run: finish, end: end),
        ]
    }

    /// The last thing undone: everything is released, now the instance says why it failed.
    private func fail(_ state: inout State, _ step: StepContext) async throws {
        let failure = state.failure
        // Ports are the instance's since it was accepted, whether or not they were bound.
        try await guests.releasePorts(of: state.instanceID)
        try await instances.release(
            state.instanceID,
            alongside: { instance, transaction in
                // Others of the same request may have placed it since its claim was released.
                try guests.unplace(&instance, in: &transaction)
            },
            { instance in
                // A deletion goes on from here, and who waits for it is not to see an error.
                guard !instance.deletionRequested else { return }
                try instance.enter(.error)
                instance.fault = InstanceFault(
                    code: 500, message: failure?.message ?? Self.failureMessage,
                    details: failure?.trace, created: context.now())
            })
    }
}

// MARK: - Host and ports

extension CreateInstance {
    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let id = state.instanceID
        if try instances.find(id).hostID == nil {
            try await actions.beginEvent(Self.scheduleEvent, id, state.requestID)
            try await placements.place(id, state.workflowID)
        }
        try await actions.endEvent(Self.scheduleEvent, id, state.requestID)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        // Before the instance says that it failed: who sees that may look at the events.
        try await actions.endEvent(
            Self.scheduleEvent, state.instanceID, state.requestID,
            problem: state.failure?.message, trace: state.failure?.trace)
        try await instances.unplace(state.instanceID)
    }

    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await portBindings.bind(of: state.instanceID, to: placedHost(state))
    }

    private func unbindPorts(_ state: inout State, _ step: StepContext) async throws {
        try await guests.releasePorts(of: state.instanceID)
    }
}

// MARK: - The guest

extension CreateInstance {
    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await actions.beginEvent(
            Self.buildEvent, state.instanceID, state.requestID,
            hostName: try instances.find(state.instanceID).hostName)
        try await guests.assign(state.instanceID, on: placedHost(state))
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(
            Self.buildEvent, state.instanceID, state.requestID,
            problem: state.failure?.message, trace: state.failure?.trace)
        try await guests.remove(state.instanceID)
    }

    private func awaitRunning(_ state: inout State, _ step: StepContext) async throws {
        do {
            try await guests.awaitSettled(
                state.instanceID, on: placedHost(state), during: .build,
                within: context.settings.buildTimeout,
                checkCancellation: step.checkCancellation)
        } catch let failure as GuestFailure {
            noteBuild(state, failed: true)
            throw failure
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        let host = try placedHost(state)
        let mark = state.mark("finish")
        try await instances.release(
            id,
            alongside: { _, transaction in
                try guests.allocate(id, on: host, by: mark, in: &transaction)
            },
            { instance in
                try instance.enter(.active)
                instance.launchedAt = instance.launchedAt ?? context.now()
            })
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        noteBuild(state, failed: false)
        try await actions.endEvent(Self.buildEvent, state.instanceID, state.requestID)
    }

    /// Lets the scheduler know how the host did. It ranks by that, nothing depends on it.
    private func noteBuild(_ state: State, failed: Bool) {
        guard let host = try? instances.find(state.instanceID).hostID else { return }
        placements.placer.index.noteBuild(on: host, failed: failed)
    }
}
