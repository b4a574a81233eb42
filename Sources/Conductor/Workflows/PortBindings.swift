import ComputeModel
import Foundation
import Networking
import Persistence

/// Lets the ports of an instance follow it from host to host.
struct PortBindings: Sendable {
    let context: ConductorContext
    let ports: Ports
    let guests: GuestAssignments

    private var documents: DocumentStore { context.documents }

    /// The present bindings of the instance's ports, by port.
    func present(
        of instance: Instance, _ snapshot: DocumentSnapshot
    ) throws -> [String: PortBinding] {
        var bindings: [String: PortBinding] = [:]
        for interface in instance.interfaces {
            if let port = try snapshot.get(NetworkPort.self, interface.portID.text) {
                bindings[interface.portID.text] = port.value.binding
            }
        }
        return bindings
    }

    /// Binds the instance's ports to the devices that its claim on `host` has for them.
    ///
    /// Throws `GuestFailure` for a device that vanished meanwhile, `WorkflowStateError` when
    /// there is no claim.
    func bind(of id: InstanceID, to host: HostID, isActive: Bool = true) async throws {
        try await context.retryingConflicts(.port) {
            let snapshot = documents.snapshot()
            guard let claim = try snapshot.get(HostLedger.self, host.text)?.value.claim(of: id)
            else {
                throw WorkflowStateError.missing(
                    .claim, id,
                    workflow: try snapshot.get(Instance.self, id.text)?.value.workflowID?.text
                        ?? "none")
            }
            let report = try snapshot.get(HostReport.self, host.text)?.value
            var transaction = documents.makeTransaction()
            for owned in claim.devices {
                guard let portID = owned.portID,
                    let port = try snapshot.get(NetworkPort.self, portID.text)
                else { continue }
                let bound = isActive ? port.value.binding : port.value.inactiveBinding
                if bound?.hostID == host, bound?.deviceID == owned.deviceID { continue }
                guard let device = report?.devices.first(where: { $0.id == owned.deviceID })
                else {
                    throw GuestFailure(
                        tenantMessage: "The device claimed for port \(portID) vanished.",
                        detail: "device \(owned.deviceID) is no longer reported by"
                            + " \(try guests.name(of: host))")
                }
                let binding = PortBinding(device, host, try guests.name(of: host))
                if isActive {
                    try ports.bind(
                        port, binding: binding,
                        adoptedMAC: device.macSettable ? nil : device.macAddress,
                        in: &transaction)
                } else {
                    var changed = port.value
                    changed.inactiveBinding = binding
                    try ports.write(changed, over: port, in: &transaction)
                }
            }
            try await documents.commit(transaction)
        }
    }

    /// Takes the instance's ports off their hosts; they stay the instance's.
    func unbind(of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    port.value.deviceID == id.text
                else { continue }
                try ports.unbind(port, keepDevice: true, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }

    /// Binds ports as `bindings` says.
    func restore(_ bindings: [String: PortBinding], of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            try restore(bindings, of: id, in: &transaction)
            try await documents.commit(transaction)
        }
    }

    /// Binds ports as `bindings` says, as part of `transaction`.
    func restore(
        _ bindings: [String: PortBinding], of id: InstanceID,
        in transaction: inout DocumentTransaction
    ) throws {
        for (portID, binding) in bindings.sorted(by: { $0.key < $1.key }) {
            guard let port = try documents.get(NetworkPort.self, portID),
                port.value.deviceID == id.text, port.value.binding != binding
            else { continue }
            let device = try documents.get(HostReport.self, binding.hostID.text)?.value.devices
                .first { $0.id == binding.deviceID }
            let isFixed = device.map { !$0.macSettable } ?? false
            try ports.bind(
                port, binding: binding, adoptedMAC: isFixed ? device?.macAddress : nil,
                in: &transaction)
        }
    }

    /// The instance's ports have the bindings on `host` from now on.
    func activate(of id: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    let binding = port.value.inactiveBinding, binding.hostID == host
                else { continue }
                let device = try documents.get(HostReport.self, host.text)?.value.devices
                    .first { $0.id == binding.deviceID }
                let isFixed = device.map { !$0.macSettable } ?? false
                var changed = port.value
                changed.inactiveBinding = nil
                try ports.bind(
                    Versioned(value: changed, generation: port.generation), binding: binding,
                    adoptedMAC: isFixed ? device?.macAddress : nil, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }

    /// Ports that were to follow to another host don't.
    func dropInactive(of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    port.value.inactiveBinding != nil
                else { continue }
                var changed = port.value
                changed.inactiveBinding = nil
                try ports.write(changed, over: port, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }

    private func instance(_ id: InstanceID) throws -> Instance {
        try documents.require(Instance.self, id.text).value
    }
}
