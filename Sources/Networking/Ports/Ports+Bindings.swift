public import ComputeModel
import Persistence

/// One of a port's bindings: the one in use, or the one on the host that its server moves to.
public struct BindingView: Sendable, Equatable {
    /// The port.
    public let port: NetworkPort
    /// Where it is wired.
    public let binding: PortBinding
    /// Whether it is the one in use.
    public let isActive: Bool
}

/// What a caller may say of a binding: the device on that host, for show.
public struct BindingDetails: Sendable, Equatable {
    /// `vendor:product` of the device.
    public var pciVendorInfo: String?
    /// The VF's address on that host.
    public var pciSlot: String?
    /// The device's physical network.
    public var physicalNetwork: String?

    /// Nothing known of the device.
    public init() {}
}

// Bindings are Millrace's own: it makes the active one when a server is placed, and the second one
// when a server moves. By hand only a second one can be made, and only what breaks no guest can be
// done with it.
extension Ports {
    /// A port's bindings, the active one first.
    public func bindings(of id: PortID, _ caller: Caller) throws -> [BindingView] {
        Self.bindings(try show(id, caller))
    }

    /// The binding on the host called `hostName`. Throws `notFound`.
    public func binding(
        of id: PortID, on hostName: String, _ caller: Caller
    ) throws -> BindingView {
        try Self.binding(try show(id, caller), hostName)
    }

    /// Makes a second, inactive binding.
    ///
    /// Throws `invalid` for a port that no server has, for a host that is not known and for
    /// another vNIC type than the port's; `conflict(.portBound)` when there is a binding for that
    /// host or a second one already, `conflict(.state)` while there is no first one, or while a
    /// migration owns the port's bindings.
    public func addBinding(
        to id: PortID, on hostName: String, vnicType: VNICType?, _ details: BindingDetails,
        _ caller: Caller
    ) async throws -> BindingView {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            try checkMayAdd(port, on: hostName, snapshot)
            try Self.check(vnicType, port)
            let hosts = try snapshot.list(ComputeHost.self).map(\.value)
            guard let host = hosts.first(where: { $0.name == hostName }) else {
                throw DomainError.invalid(
                    .port, field: "host",
                    "There is no compute host '\(hostName.prefix(64))' to bind port \(id) to.")
            }
            port.inactiveBinding = PortBinding(
                hostID: host.id, hostName: host.name, deviceID: nil,
                pciVendorInfo: details.pciVendorInfo, pciSlot: details.pciSlot,
                physicalNetwork: details.physicalNetwork)
            let written = try write(port, over: current, in: &transaction)
            return try Self.binding(written, hostName)
        }
    }

    /// Changes what is said of an inactive binding's device. Throws `conflict` for the active
    /// one, and for one that has a device or is a migration's.
    public func updateBinding(
        of id: PortID, on hostName: String, vnicType: VNICType?, _ details: BindingDetails?,
        _ caller: Caller
    ) async throws -> BindingView {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            let view = try Self.binding(port, hostName)
            try refuseMoving(port, snapshot)
            guard !view.isActive, var binding = port.inactiveBinding, binding.deviceID == nil
            else { throw Self.owned(port, view.binding) }
            try Self.check(vnicType, port)
            if let details {
                binding.pciVendorInfo = details.pciVendorInfo
                binding.pciSlot = details.pciSlot
                binding.physicalNetwork = details.physicalNetwork
                port.inactiveBinding = binding
            }
            let written = try write(port, over: current, in: &transaction)
            return try Self.binding(written, hostName)
        }
    }

    /// Makes the inactive binding the active one, and the other way round. Throws
    /// `conflict(.state)` when it is active already, when a migration owns the port's bindings,
    /// and when the port's server is on another host.
    public func activateBinding(
        of id: PortID, on hostName: String, _ caller: Caller
    ) async throws -> BindingView {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            let view = try Self.binding(port, hostName)
            guard !view.isActive else {
                throw DomainError.conflict(
                    .port, .state,
                    "Binding for port \(id) on host \(hostName) is already active.")
            }
            try refuseMoving(port, snapshot)
            if let instance = try snapshot.get(Instance.self, port.deviceID)?.value,
                instance.hostID != view.binding.hostID
            {
                throw DomainError.conflict(
                    .port, .state,
                    "Server \(instance.id), which has port \(id), is on host"
                        + " \(instance.hostName ?? "none"): on host \(hostName) the port would be"
                        + " wired to nothing. Migrate the server; that moves its ports, too.")
            }
            port.inactiveBinding = port.binding
            port.binding = view.binding
            port.linkUp = false
            let written = try write(port, over: current, in: &transaction)
            return try Self.binding(written, hostName)
        }
    }

    /// Removes the inactive binding. Throws `conflict` for the active one, and while a migration
    /// owns the port's bindings.
    public func removeBinding(
        of id: PortID, on hostName: String, _ caller: Caller
    ) async throws {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            let view = try Self.binding(port, hostName)
            try refuseMoving(port, snapshot)
            guard !view.isActive else { throw Self.owned(port, view.binding) }
            port.inactiveBinding = nil
            try write(port, over: current, in: &transaction)
        }
    }

    private static func bindings(_ port: NetworkPort) -> [BindingView] {
        [(port.binding, true), (port.inactiveBinding, false)].compactMap { binding, isActive in
            binding.map { BindingView(port: port, binding: $0, isActive: isActive) }
        }
    }

    private static func binding(
        _ port: NetworkPort, _ hostName: String
    ) throws(DomainError) -> BindingView {
        guard let found = bindings(port).first(where: { $0.binding.hostName == hostName }) else {
            throw .notFound(.port, "\(port.id)'s binding on host \(hostName.prefix(64))")
        }
        return found
    }

    private func checkMayAdd(
        _ port: NetworkPort, on hostName: String, _ snapshot: DocumentSnapshot
    ) throws {
        guard try instanceUsing(port, snapshot) != nil else {
            throw DomainError.invalid(
                .port, field: "host",
                "Port \(port.id) belongs to no server; only ports of servers are bound.")
        }
        try refuseMoving(port, snapshot)
        let bindings = Self.bindings(port)
        if bindings.contains(where: { $0.binding.hostName == hostName }) {
            throw DomainError.conflict(
                .port, .portBound, "Binding for port \(port.id) on host \(hostName) already exists."
            )
        }
        if let second = port.inactiveBinding {
            throw DomainError.conflict(
                .port, .portBound,
                "Port \(port.id) has an inactive binding on host \(second.hostName), and a port"
                    + " has one at most; delete that first.")
        }
        guard port.binding != nil else {
            throw DomainError.conflict(
                .port, .state,
                "Port \(port.id) has no active binding yet: Millrace makes it when the port's"
                    + " server is placed.")
        }
    }

    /// The workflow of a move makes, activates and removes bindings by itself.
    private func refuseMoving(_ port: NetworkPort, _ snapshot: DocumentSnapshot) throws {
        guard let instance = try snapshot.get(Instance.self, port.deviceID)?.value,
            let id = instance.migrationID ?? instance.resize?.migrationID
        else { return }
        let move = try snapshot.get(Migration.self, id.text)?.value
        let status = move.map { " (\($0.kind.rawValue), \($0.status.rawValue))" } ?? ""
        throw DomainError.conflict(
            .port, .state,
            "Port \(port.id)'s bindings belong to migration \(id)\(status) of server"
                + " \(instance.id) until it is over. Wait for it; or abort, confirm or revert it.")
    }

    private static func check(_ type: VNICType?, _ port: NetworkPort) throws(DomainError) {
        guard let type, type != port.vnicType else { return }
        throw .invalid(
            .port, field: "vnic_type",
            "Port \(port.id) has vnic_type '\(port.vnicType.rawValue)', and so have its bindings;"
                + " '\(type.rawValue)' was given.")
    }

    private static func owned(_ port: NetworkPort, _ binding: PortBinding) -> DomainError {
        .conflict(
            .port, .portBound,
            "Port \(port.id) is bound to host \(binding.hostName) by Millrace, with its server's"
                + " device: detach the port from its server instead.")
    }
}
