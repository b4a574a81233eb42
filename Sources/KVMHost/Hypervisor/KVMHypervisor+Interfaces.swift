public import ComputeModel
internal import Foundation
public import HostDrivers
internal import Libvirt

extension KVMHypervisor {
    /// Plugs the NIC into the guest and its definition, whichever lacks it, and looks whether it is
    /// there and can reach the guest's memory.
    public func attach(
        _ instance: InstanceID, _ interface: PlannedInterface
    ) async throws(DriverError) {
        let call = try GuestCall("plug port \(interface.portID)", instance)
        let port = try Self.uuid(interface.portID, call)
        let view = try await activeView(call)
        let missing = Self.missing(port, view)
        guard !missing.isEmpty else { return }
        let log = QEMULog(guest: view.defined.name)
        let document = VDPAInterface(
            portID: port, macAddress: interface.macAddress,
            characterDevicePath: interface.characterDevice
        ).xml()
        var failure: DriverError?
        do throws(DriverError) {
            let advice =
                "QEMU's own words are in /var/log/libvirt/qemu on this host; a guest takes as many"
                + " NICs as it has free PCIe root ports"
            try await run(call, advice: advice) { connection throws(LibvirtError) in
                try await connection.attachDevice(xml: document, to: call.uuid, missing)
            }
        } catch {
            failure = error
        }
        // An answer that got lost, or an earlier call of this program, may have done it.
        guard Self.missing(port, try await activeView(call)).isEmpty else {
            throw failure ?? .failed(call.fault("libvirt took the NIC, and the guest lacks it"))
        }
        guard !log.tellsOfUnmappedMemory else {
            await withdraw(port, call)
            throw unmapped(call)
        }
    }

    private static func missing(_ port: UUID, _ view: GuestView) -> DeviceChange {
        var change: DeviceChange = []
        if view.live.interface(of: port) == nil { change.insert(.live) }
        if view.defined.interface(of: port) == nil { change.insert(.config) }
        return change
    }

    /// Has the guest give the NIC up; only then it leaves the definition.
    public func detach(
        _ instance: InstanceID, _ port: PortID, timeout: Duration
    ) async throws(DriverError) {
        let call = try GuestCall("unplug port \(port)", instance)
        let portID = try Self.uuid(port, call)
        guard let view = try await view(call) else { return }
        if view.isActive, let alias = view.live.interface(of: portID)?.alias {
            try await detachLive(alias, timeout, call)
        }
        guard let alias = view.defined.interface(of: portID)?.alias else { return }
        do throws(DriverError) {
            try await run(call) { connection throws(LibvirtError) in
                try await connection.detachDevice(alias: alias, from: call.uuid, .config)
            }
        } catch {
            guard try await self.view(call)?.defined.interface(of: portID) != nil else { return }
            throw error
        }
    }

    private func detachLive(
        _ alias: String, _ timeout: Duration, _ call: GuestCall
    ) async throws(DriverError) {
        let outcome: InterfaceRemoval.Outcome
        do throws(LibvirtError) {
            let connection = try await session.connection()
            let uuid = call.uuid
            let events = try await connection.domainDeviceEvents()
                .filter { $0.uuid == uuid && $0.alias == alias }.map(\.kind)
            outcome = try await InterfaceRemoval(
                timeout: timeout, clock: clock,
                isPresent: { () throws(LibvirtError) in
                    try await Self.hasInterface(alias, uuid, connection)
                },
                request: { () throws(LibvirtError) in
                    try await connection.detachDevice(alias: alias, from: uuid, .live)
                }
            ).run(events)
        } catch {
            throw error.driverError(call.operation, call.object)
        }
        guard case .kept(let heard) = outcome else { return }
        throw .timedOut(
            call.fault(
                "it still has the NIC \(timeout) after it was asked for it: \(heard)",
                advice: "The guest's system must be up and take part in PCIe hot plug"))
    }

    /// False also for a guest that went off or away: it holds nothing.
    private static func hasInterface(
        _ alias: String, _ uuid: UUID, _ connection: LibvirtConnection
    ) async throws(LibvirtError) -> Bool {
        let xml: String
        do throws(LibvirtError) {
            guard try await connection.state(uuid)?.isActive == true else { return false }
            xml = try await connection.xml(uuid)
        } catch {
            guard case .noDomain = error else { throw error }
            return false
        }
        do throws(XMLError) {
            return try DomainDescription(xml: xml).interfaces.contains { $0.alias == alias }
        } catch {
            throw .unreadable(
                operation: "look for NIC \(alias) in domain", object: uuid.uuidString, error)
        }
    }

    private static func uuid(_ port: PortID, _ call: GuestCall) throws(DriverError) -> UUID {
        guard let uuid = UUID(uuidString: port.text) else {
            throw .refused(call.fault("the port's id is no UUID, of which its alias is made"))
        }
        return uuid
    }
}
