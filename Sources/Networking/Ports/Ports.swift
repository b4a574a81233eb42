import ComputeModel
import ControlPlaneState
import Persistence

/// Network ports: who may see, make and change them. What instances do with them is in
/// `Ports+Instances.swift`.
///
/// Each address and each MAC is a `Reservation` that is written with its port. A port that wears
/// the MAC of a device keeps the reservation of its own one, so that it can always return to it.
public struct Ports: Sendable {
    let context: NetworkingContext

    /// The ports in `context`'s documents.
    public init(_ context: NetworkingContext) {
        self.context = context
    }

    /// Those that the caller may see, ordered by id.
    public func list(_ caller: Caller) throws -> [NetworkPort] {
        try context.documents.list(NetworkPort.self).map(\.value).filter {
            caller.maySee($0.projectID)
        }
    }

    /// One port. Throws `notFound` also for those of other projects.
    public func show(_ id: PortID, _ caller: Caller) throws -> NetworkPort {
        try Self.find(id, caller, in: context.documents.snapshot()).value
    }

    /// The ports that `device` (an instance's id) uses, oldest first.
    public func used(by device: String) throws -> [NetworkPort] {
        try context.documents.list(NetworkPort.self).map(\.value)
            .filter { $0.deviceID == device && !device.isEmpty }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Makes ports, all or none.
    ///
    /// Throws `notFound` for a network, subnet or group the caller may not see, `invalid` for
    /// addresses that don't fit, `conflict` (`addressInUse`, `macInUse`, `addressesExhausted`),
    /// `forbidden` and `overQuota`.
    public func create(_ requests: [PortRequest], _ caller: Caller) async throws -> [NetworkPort] {
        guard (1...NetworkLimits.bulkMax).contains(requests.count) else {
            throw DomainError.invalid(
                .port, field: "ports",
                "One request makes 1 to \(NetworkLimits.bulkMax) ports, not \(requests.count).")
        }
        return try await context.changing(.port) { snapshot, transaction in
            var allocation = PortAllocation(context, snapshot)
            return try requests.map { request in
                try refuseServer(request.deviceID, snapshot)
                return try make(request, caller, &allocation, in: &transaction)
            }
        }
    }

    /// Makes one port; see `create(_:_:)` with a list.
    public func create(_ request: PortRequest, _ caller: Caller) async throws -> NetworkPort {
        let made = try await create([request], caller)
        return made[0]
    }

    /// Removes a port. Throws `conflict(.portInUse)` while an instance uses it: detach it first,
    /// so that no guest keeps a wire that nobody knows of.
    public func delete(_ id: PortID, _ caller: Caller) async throws {
        try await context.changing(.port) { snapshot, transaction in
            let port = try Self.find(id, caller, in: snapshot)
            if let instance = try instanceUsing(port.value, snapshot) {
                throw DomainError.conflict(
                    .port, .portInUse,
                    "Port \(id) is used by server \(instance); remove it from the server first.")
            }
            try remove(port, seenIn: snapshot, in: &transaction)
        }
    }

    /// Replaces the tags of a port.
    public func tag(
        _ id: PortID, _ caller: Caller, _ change: (inout [String]) throws -> Void
    ) async throws {
        try await context.changing(.port) { snapshot, transaction in
            let current = try Self.find(id, caller, in: snapshot)
            var port = current.value
            try NetworkText.retag(&port.tags, .port, change)
            try write(port, over: current, in: &transaction)
        }
    }

    /// The instance that uses `port`; nil when it is free or used by something else.
    func instanceUsing(
        _ port: NetworkPort, _ snapshot: DocumentSnapshot
    ) throws -> InstanceID? {
        guard !port.deviceID.isEmpty else { return nil }
        if port.binding != nil { return InstanceID(port.deviceID) }
        guard port.deviceOwner.hasPrefix("compute:"), isObjectID(port.deviceID) else { return nil }
        return try snapshot.get(Instance.self, port.deviceID)?.value.id
    }

    /// The port, if the caller may see it.
    static func find(
        _ id: PortID, _ caller: Caller, in snapshot: DocumentSnapshot
    ) throws -> Versioned<NetworkPort> {
        guard isObjectID(id.text), let port = try snapshot.get(NetworkPort.self, id.text),
            caller.maySee(port.value.projectID)
        else { throw DomainError.notFound(.port, id.text) }
        return port
    }

    /// Stores a changed port as its next revision.
    @discardableResult
    package func write(
        _ port: NetworkPort, over current: Versioned<NetworkPort>,
        in transaction: inout DocumentTransaction
    ) throws -> NetworkPort {
        var port = port
        port.revisionNumber = current.value.revisionNumber + 1
        port.updatedAt = context.now()
        try transaction.update(current, to: port)
        return port
    }
}
