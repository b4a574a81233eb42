import ComputeModel
import Foundation
import Persistence
import Workflow

/// Plugs a port into an instance on the host where it is. Device, binding and the instance's list
/// of NICs are written when the request is accepted, so that it can be refused at once.
///
/// ```
/// step     does                                   undone by
/// accept   -                                      device, port and NIC given back
/// assign   the NIC in the assignment              taken out of it, awaited; a guest that does not
///                                                 give it up keeps it, and the port stays
/// await    the host's word
/// finish   the instance is free
/// ```
struct AttachInterface: InstanceWorkflow {
    static let kind = "attach_interface"
    static let event = "compute_attach_interface"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var portID: PortID
        var hostID: HostID
        var failure: RecordedFailure?
        /// The guest got the NIC, and did not give it up when it was to be taken back.
        var isKept = false
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
            first("accept", run: begin, undo: giveBack),
            step("assign", run: assign, undo: withdraw),
            step("await", run: awaitHost),
            last("finish", run: finish, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            Self.event, state.instanceID, state.requestID,
            hostName: try guests.name(of: state.hostID))
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let (host, port) = (state.hostID, state.portID)
        try await guests.rewrite(
            state.instanceID, on: host, by: state.mark("assign")
        ) { assignment, _ in
            guard !assignment.guest.interfaces.contains(where: { $0.portID == port }) else {
                return
            }
            assignment.guest.interfaces.append(
                try GuestDefinitions.nic(port, on: host, context.documents.snapshot()))
        }
    }

    private func awaitHost(_ state: inout State, _ step: StepContext) async throws {
        try await guests.awaitSettled(
            state.instanceID, on: state.hostID, within: context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        let (id, host, port) = (state.instanceID, state.hostID, state.portID)
        guard try !instances.isDoomed(id) else { return }
        try await guests.rewriteIfAssigned(
            id, on: host, by: state.mark("withdraw")
        ) { assignment, _ in
            assignment.guest.interfaces.removeAll { $0.portID == port }
        }
        let found = try await guests.restoration(
            of: id, on: host, within: context.settings.actionTimeout, step)
        if found == .done { return }
        // Nobody may have the device as long as the guest may hold it.
        state.isKept = true
        let snapshot = context.documents.snapshot()
        let nic = try GuestDefinitions.nic(port, on: host, snapshot)
        try await guests.rewriteIfAssigned(
            id, on: host, by: state.mark("keep")
        ) { assignment, _ in
            guard !assignment.guest.interfaces.contains(where: { $0.portID == port }) else {
                return
            }
            assignment.guest.interfaces.append(nic)
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        try await instances.release(state.instanceID) { _ in }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func giveBack(_ state: inout State, _ step: StepContext) async throws {
        let isDoomed = try instances.isDoomed(state.instanceID)
        if state.isKept || isDoomed {
            try await instances.release(state.instanceID) { _ in }
        } else {
            try await interfaceDevices.release(
                state.portID, of: state.instanceID, on: state.hostID, endsWorkflow: true)
        }
    }
}
