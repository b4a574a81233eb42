public import ComputeModel
import Foundation
import Persistence
import Workflow

extension Instances {
    /// Plugs a port into the instance; returns when the guest has it.
    ///
    /// Throws what `perform` throws; `conflict(.portInUse)`; `invalid` when its host has no device
    /// for the port; `unavailable` when the host has not done it within the action time: then it
    /// goes on, and the port's status tells the end.
    public func attach(
        _ id: InstanceID, _ caller: Caller, _ request: AttachmentRequest
    ) async throws -> InstanceInterface {
        guard let portID = request.portID else {
            throw DomainError.invalid(
                .port, field: "port_id",
                "An interface made on a network would be of vnic_type 'normal', which is not"
                    + " available here. Create a port with --vnic-type vdpa and attach that.")
        }
        let nic = InstanceInterface(
            portID: portID, deletedWithInstance: false, tag: request.tag)
        let workflow = try await context.retryingConflicts(.server) {
            try await acceptAttachment(nic, id, caller)
        }
        try await operations.begin(workflow)
        let record = try await operations.engine.wait(for: workflow.record.id)
        guard record.status == .succeeded else {
            let state = try record.decodedState(as: AttachInterface.State.self)
            throw DomainError.unavailable(
                "Port \(portID) could not be attached to instance \(id):"
                    + " \(state.failure?.message ?? "it was cancelled.")")
        }
        return nic
    }

    private func acceptAttachment(
        _ nic: InstanceInterface, _ id: InstanceID, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let found = try find(id, caller)
        try InstanceRules.check(
            found.value, "attach_interface", in: [.active, .paused, .stopped], caller)
        let assignment = try presentAssignment(
            of: found.value, "attach_interface", needing: [.hotplug])
        let snapshot = context.documents.snapshot()
        let port: Versioned<NetworkPort>
        do {
            port = try ports.attachable(nic.portID, caller)
        } catch DomainError.notFound {
            throw DomainError.notFound(.port, nic.portID.text)
        }
        guard port.value.vnicType == .vdpa else {
            throw DomainError.invalid(
                .port, field: "port_id",
                "Port \(nic.portID) has vnic_type '\(port.value.vnicType.rawValue)'; ports of"
                    + " vnic_type 'vdpa' can be attached here.")
        }
        let workflow = newWorkflowID()
        let state = AttachInterface.State(
            instanceID: id, requestID: caller.requestID, workflowID: workflow,
            portID: nic.portID, hostID: assignment.hostID)
        return try await accept(
            workflows.attach, state, workflow, action: "attach_interface", found, task: nil,
            caller,
            alongside: { transaction in
                try parts.interfaceDevices.claim(
                    port, for: found.value, on: assignment.hostID, snapshot, in: &transaction)
            }, { $0.interfaces.append(nic) })
    }

    /// Accepts that a port is taken out of the instance. It is free when the guest has given it
    /// up; a guest that doesn't keeps it, and the action's event says so.
    public func detach(_ id: InstanceID, _ caller: Caller, port: PortID) async throws {
        let workflow = try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            guard found.value.interfaces.contains(where: { $0.portID == port }) else {
                throw DomainError.notFound(.port, port.text)
            }
            try InstanceRules.check(
                found.value, "detach_interface", in: [.active, .paused, .stopped], caller)
            guard found.value.state != .paused else {
                throw DomainError.conflict(
                    .server, .state,
                    "Cannot 'detach_interface' instance \(id) while it is paused: a guest whose"
                        + " CPUs stand still can't give a device up. Unpause it first.")
            }
            let assignment = try presentAssignment(
                of: found.value, "detach_interface", needing: [.hotplug])
            let workflow = newWorkflowID()
            let state = DetachInterface.State(
                instanceID: id, requestID: caller.requestID, workflowID: workflow, portID: port,
                hostID: assignment.hostID, before: assignment.guest.interfaces)
            return try await accept(
                workflows.detach, state, workflow, action: "detach_interface", found, task: nil,
                caller)
        }
        try await operations.begin(workflow)
    }
}
