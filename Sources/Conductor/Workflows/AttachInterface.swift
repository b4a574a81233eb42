import ComputeModel
import DeviceTracking
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

    let tools: InstanceTools

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
        try await tools.actions.beginEvent(
            Self.event, state.instanceID, state.requestID,
            hostName: try tools.guests.name(of: state.hostID))
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let (host, port) = (state.hostID, state.portID)
        try await tools.guests.rewrite(
            state.instanceID, on: host, by: "\(state.workflowID)/assign"
        ) { assignment, _ in
            guard !assignment.guest.interfaces.contains(where: { $0.portID == port }) else {
                return
            }
            assignment.guest.interfaces.append(
                try GuestBlueprint.nic(port, on: host, tools.documents.snapshot()))
        }
    }

    private func awaitHost(_ state: inout State, _ step: StepContext) async throws {
        try await tools.guests.awaitSettled(
            state.instanceID, on: state.hostID, within: tools.context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        let (id, host, port) = (state.instanceID, state.hostID, state.portID)
        guard try !tools.isDoomed(id) else { return }
        try await tools.guests.rewrite(id, on: host, by: "\(state.workflowID)/withdraw") {
            assignment, _ in
            assignment.guest.interfaces.removeAll { $0.portID == port }
        }
        let found = try await tools.restoration(
            of: id, on: host, within: tools.context.settings.actionTimeout, step)
        if found == .done { return }
        // Nobody may have the device as long as the guest may hold it.
        state.isKept = true
        let snapshot = tools.documents.snapshot()
        let nic = try GuestBlueprint.nic(port, on: host, snapshot)
        try await tools.guests.rewrite(id, on: host, by: "\(state.workflowID)/keep") {
            assignment, _ in
            guard !assignment.guest.interfaces.contains(where: { $0.portID == port }) else {
                return
            }
            assignment.guest.interfaces.append(nic)
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        try await tools.release(state.instanceID) { _ in }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await tools.actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func giveBack(_ state: inout State, _ step: StepContext) async throws {
        let isDoomed = try tools.isDoomed(state.instanceID)
        if state.isKept || isDoomed {
            try await tools.release(state.instanceID) { _ in }
        } else {
            try await tools.releaseNIC(
                state.portID, of: state.instanceID, on: state.hostID, endsWorkflow: true)
        }
    }
}

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

    let tools: InstanceTools

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
        try await tools.actions.beginEvent(
            Self.event, state.instanceID, state.requestID,
            hostName: try tools.guests.name(of: state.hostID))
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let port = state.portID
        try await tools.guests.rewrite(
            state.instanceID, on: state.hostID, by: "\(state.workflowID)/assign"
        ) { assignment, _ in
            assignment.guest.interfaces.removeAll { $0.portID == port }
        }
    }

    private func awaitHost(_ state: inout State, _ step: StepContext) async throws {
        try await tools.guests.awaitSettled(
            state.instanceID, on: state.hostID, within: tools.context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func putBack(_ state: inout State, _ step: StepContext) async throws {
        guard try !tools.isDoomed(state.instanceID) else { return }
        let before = state.before
        try await tools.guests.rewrite(
            state.instanceID, on: state.hostID, by: "\(state.workflowID)/put-back"
        ) { assignment, _ in assignment.guest.interfaces = before }
        do {
            try await tools.guests.awaitSettled(
                state.instanceID, on: state.hostID,
                within: tools.context.settings.actionTimeout,
                checkCancellation: step.checkCancellation)
        } catch let failure as GuestFailure {
            // The agent goes on mending the wiring; what it can't is in the port's status.
            step.logger.warning("a NIC could not be put back: \(failure)")
        }
    }

    private func release(_ state: inout State, _ step: StepContext) async throws {
        try await tools.releaseNIC(
            state.portID, of: state.instanceID, on: state.hostID, endsWorkflow: true)
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await tools.actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        try await tools.release(state.instanceID) { _ in }
    }
}

// MARK: - Devices of single NICs

extension InstanceTools {
    /// Gives one NIC's device and port back and takes the NIC off the instance's list, all in one
    /// transaction. The guest must not have it any more. Repeating it changes nothing.
    func releaseNIC(
        _ portID: PortID, of id: InstanceID, on host: HostID, endsWorkflow: Bool
    ) async throws {
        let change = { (transaction: inout DocumentTransaction) throws in
            try guests.changeClaim(id, on: host, in: &transaction) { claim in
                claim.devices.removeAll { $0.portID == portID }
            }
            let instance = try documents.get(Instance.self, id.text)?.value
            let nic = instance?.interfaces.first { $0.portID == portID }
            guard let port = try documents.get(NetworkPort.self, portID.text),
                port.value.deviceID == id.text
            else { return }
            if nic?.deletedWithInstance == true {
                try ports.remove(port, in: &transaction)
            } else {
                try ports.unbind(port, keepDevice: false, in: &transaction)
            }
        }
        let edit = { (instance: inout Instance) in
            instance.interfaces.removeAll { $0.portID == portID }
        }
        if endsWorkflow {
            try await release(id, alongside: change, edit)
        } else {
            try await self.change(id, alongside: change, edit)
        }
    }

    /// Claims a device for a port of an instance that is on `host`, and binds the port to it.
    ///
    /// Throws `invalid` when the host has none that would do.
    func claimNIC(
        _ port: Versioned<NetworkPort>, for instance: Instance, on host: HostID,
        _ snapshot: DocumentSnapshot, in transaction: inout DocumentTransaction
    ) throws {
        let report = try snapshot.require(HostReport.self, host.text).value
        let ledger = try snapshot.require(HostLedger.self, host.text)
        guard let index = ledger.value.claims.firstIndex(where: { $0.instanceID == instance.id })
        else {
            throw DomainError.conflict(
                .server, .state, "Instance \(instance.id) has no claim on its host.")
        }
        let claim = ledger.value.claims[index]
        let network = try snapshot.get(Network.self, port.value.networkID.text)?.value
        let requests = try DeviceRequests.requests(
            flavor: instance.flavor, ports: [port.value],
            networks: [port.value.networkID: network].compactMapValues { $0 }, image: nil,
            aliases: context.settings.deviceAliases
        ).filter { $0.portID == port.value.id }
        let free = DeviceStates(devices: report.devices, ledger: ledger.value).available
        let sockets = Dictionary(
            report.numaCells.compactMap { cell in cell.socket.map { (cell.id, $0) } }
        ) { first, _ in first }
        let choice = DeviceChoice.choose(
            requests, from: free, guestCells: claim.numa?.hostCells, sockets: sockets)
        guard case .success(let devices) = choice, let chosen = devices.first,
            let device = free.first(where: { $0.id == chosen.deviceID })
        else {
            throw DomainError.invalid(
                .port, field: "port_id",
                "Failed to claim PCI device for port \(port.value.id): the server's host has no"
                    + " free device that would do. Move the server to another host, or detach a"
                    + " port that is not needed.")
        }
        var changed = ledger.value
        changed.claims[index].devices.append(chosen)
        try transaction.update(ledger, to: changed)
        var given = port.value
        given.deviceID = instance.id.text
        try ports.bind(
            Versioned(value: given, generation: port.generation),
            binding: PortBinding(device, host, try guests.name(of: host)),
            adoptedMAC: device.macSettable ? nil : device.macAddress, zone: instance.zone,
            in: &transaction)
    }
}

extension PortBinding {
    /// To `device` of a host.
    init(_ device: Device, _ hostID: HostID, _ hostName: String) {
        self.init(
            hostID: hostID, hostName: hostName, deviceID: device.id,
            pciVendorInfo: "\(device.vendorID):\(device.productID)",
            pciSlot: "\(device.address)", physicalNetwork: device.physicalNetwork)
    }
}
