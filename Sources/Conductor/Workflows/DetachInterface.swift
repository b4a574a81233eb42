import ComputeModel
import Foundation
import Persistence
import Workflow

/// Takes a port out of an instance on the host where it is: the port is free only when the guest
/// has given it up, as until then it may use the device behind it.
///
/// ```
/// step      does                                  undone by
/// accept    -                                     the instance is free, as it was before
/// assign    the NIC out of the assignment         put back into it, and the host mends the wiring
/// await     the host's word that it is gone
/// release   device, port and NIC given back (the instance is free)
/// ```
struct DetachInterface: InstanceWorkflow {
    static let kind = "detach_interface"
    static let event = "compute_detach_interface"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var portID: PortID
        var hostID: HostID
        /// The NICs of the assignment, in the guest's order, as they were.
        var before: [GuestInterface]
        var failure: RecordedFailure?
        var goesForward: Bool?
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let interfaceDevices: InterfaceDevices

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        interfaceDevices = parts.interfaceDevices
    }

    func events(_ state: State) -> [String] { [Self.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("assign", run: assign, undo: putBack),
            step("await", run: awaitHost),
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] { [forward("release", run: release, end: end)] }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            Self.event, state.instanceID, state.requestID,
            hostName: try guests.name(of: state.hostID))
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let port = state.portID
        try await guests.rewrite(
            state.instanceID, on: state.hostID, by: state.mark("assign")
        ) { assignment, _ in
            assignment.guest.interfaces.removeAll { $0.portID == port }
        }
    }

    private func awaitHost(_ state: inout State, _ step: StepContext) async throws {
        try await guests.awaitSettled(
            state.instanceID, on: state.hostID, within: context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func putBack(_ state: inout State, _ step: StepContext) async throws {
        guard try !instances.isDoomed(state.instanceID) else { return }
        let before = state.before
        try await guests.rewriteIfAssigned(
            state.instanceID, on: state.hostID, by: state.mark("put-back")
        ) { assignment, _ in assignment.guest.interfaces = before }
        do {
            try await guests.awaitSettled(
                state.instanceID, on: state.hostID,
                within: context.settings.actionTimeout,
                checkCancellation: step.checkCancellation)
        } catch let failure as GuestFailure {
            // The agent goes on mending the wiring; what it can't is in the port's status.
            step.logger.warning("a NIC could not be put back: \(failure)")
        }
    }

    private func release(_ state: inout State, _ step: StepContext) async throws {
        try await interfaceDevices.release(
            state.portID, of: state.instanceID, on: state.hostID, endsWorkflow: true)
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        try await instances.release(state.instanceID) { _ in }
    }
}
