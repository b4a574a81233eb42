import ComputeModel
import ControlPlaneState
import Persistence

// What instance workflows do with ports. These add to the caller's transaction and commit nothing;
// each writes the port, so a transaction may call one of them per port. The port handed in and the
// documents' snapshot must come from the same attempt, and the attempt must be repeated when the
// transaction conflicts.
extension Ports {
    /// A port that `caller` may give to an instance.
    ///
    /// Throws `notFound`; `conflict(.portInUse)` when something uses it; `invalid` when it has no
    /// address.
    public func attachable(
        _ id: PortID, _ caller: Caller
    ) throws(DomainError) -> Versioned<NetworkPort> {
        let port: Versioned<NetworkPort>
        do {
            port = try Self.find(id, caller, in: context.documents.snapshot())
        } catch let error as DomainError {
            throw error
        } catch {
            throw .internalFailure("Port \(id) can't be read: \(error)")
        }
        guard port.value.deviceID.isEmpty else {
            throw .conflict(.port, .portInUse, "Port \(id) is still in use.")
        }
        guard !port.value.fixedIPs.isEmpty else {
            throw .invalid(
                .port, field: "port",
                "Port \(id) requires a FixedIP in order to be used.")
        }
        return port
    }

    /// Gives the port to an instance. Binding it to a host comes later.
    @discardableResult
    public func reserve(
        _ port: Versioned<NetworkPort>, for instance: InstanceID, zone: String,
        in transaction: inout DocumentTransaction
    ) throws -> NetworkPort {
        var changed = port.value
        changed.deviceID = instance.text
        changed.deviceOwner = Self.owner(zone: zone)
        return try write(changed, over: port, in: &transaction)
    }

    /// Wires the port to a host. `adoptedMAC` is the address of a device that can't take another;
    /// the port wears it while it is bound.
    ///
    /// Throws `conflict(.macInUse)` if another port of the network has that address, and
    /// `conflict(.state)` if a user chose the port's own.
    @discardableResult
    public func bind(
        _ port: Versioned<NetworkPort>, binding: PortBinding, adoptedMAC: String?,
        zone: String? = nil, in transaction: inout DocumentTransaction
    ) throws -> NetworkPort {
        var changed = port.value
        let adopted = adoptedMAC.map { MACAddress($0)?.description ?? $0 }
        try wear(adopted ?? changed.ownMACAddress, &changed, in: &transaction)
        if changed.binding != binding { changed.linkUp = false }
        changed.binding = binding
        if let zone { changed.deviceOwner = Self.owner(zone: zone) }
        return try write(changed, over: port, in: &transaction)
    }

    /// Takes the port off its host; it gets its own MAC back. With `keepDevice` it stays the
    /// instance's (shelved instances keep their ports). Never fails for a reason of the port's.
    @discardableResult
    public func unbind(
        _ port: Versioned<NetworkPort>, keepDevice: Bool,
        in transaction: inout DocumentTransaction
    ) throws -> NetworkPort {
        var changed = port.value
        try wear(changed.ownMACAddress, &changed, in: &transaction)
        changed.binding = nil
        changed.inactiveBinding = nil
        changed.linkUp = false
        if !keepDevice {
            changed.deviceID = ""
            changed.deviceOwner = ""
        }
        guard changed != port.value else { return port.value }
        return try write(changed, over: port, in: &transaction)
    }

    /// Removes the port and everything reserved for it.
    public func remove(
        _ port: Versioned<NetworkPort>, in transaction: inout DocumentTransaction
    ) throws {
        try remove(port, seenIn: context.documents.snapshot(), in: &transaction)
    }

    package func remove(
        _ port: Versioned<NetworkPort>, seenIn snapshot: DocumentSnapshot,
        in transaction: inout DocumentTransaction
    ) throws {
        let value = port.value
        for mac in Set([value.macAddress, value.ownMACAddress]) {
            try transaction.release(.mac(mac, on: value.networkID, of: value.id), seenIn: snapshot)
        }
        for ip in value.fixedIPs {
            try transaction.release(.address(ip, of: value.id), seenIn: snapshot)
        }
        try transaction.delete(port)
    }

    /// Changes the MAC the port wears. Its own stays reserved, so that `unbind` can't fail.
    private func wear(
        _ mac: String, _ port: inout NetworkPort, in transaction: inout DocumentTransaction
    ) throws {
        guard mac != port.macAddress else { return }
        let snapshot = context.documents.snapshot()
        if port.macAddress != port.ownMACAddress {
            try transaction.release(
                .mac(port.macAddress, on: port.networkID, of: port.id), seenIn: snapshot)
        }
        if mac != port.ownMACAddress {
            guard !port.macChosenByUser else {
                throw DomainError.conflict(
                    .port, .state,
                    "Port \(port.id) has a MAC that a user chose (\(port.ownMACAddress)), and the"
                        + " device can't take it: its own is \(mac).")
            }
            let reservation = Reservation.mac(mac, on: port.networkID, of: port.id)
            let holder = try snapshot.get(Reservation.self, reservation.documentKey)
            guard holder == nil else { throw Self.macInUse(mac, port.networkID) }
            try transaction.insert(reservation)
        }
        port.macAddress = mac
    }

    private static func owner(zone: String) -> String { "compute:\(zone)" }
}
