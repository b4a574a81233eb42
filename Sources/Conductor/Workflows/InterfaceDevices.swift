import ComputeModel
import DeviceTracking
import Foundation
import Networking
import Persistence
import Placement

/// Devices of single NICs, of instances that have a host already.
struct InterfaceDevices: Sendable {
    let context: ConductorContext
    let ports: Ports
    let guests: GuestAssignments
    let instances: OwnedInstances

    private var documents: DocumentStore { context.documents }

    /// Gives one NIC's device and port back and takes the NIC off the instance's list, all in one
    /// transaction. The guest must not have it any more. Repeating it changes nothing.
    func release(
        _ portID: PortID, of id: InstanceID, on host: HostID, endsWorkflow: Bool
    ) async throws {
        let change = { (transaction: inout DocumentTransaction) throws in
            try guests.changeClaim(id, on: host, in: &transaction) { claim in
                claim.devices.removeAll { $0.portID == portID }
            }
            let instance = try documents.get(Instance.self, id.text)?.value
            let nic = instance?.interfaces.first { $0.portID == portID }
            // A port that is gone, or somebody else's, was given back already.
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
            try await instances.release(id, alongside: change, edit)
        } else {
            try await instances.change(id, alongside: change, edit)
        }
    }

    /// Claims a device for a port of an instance that is on `host`, and binds the port to it.
    ///
    /// Throws `invalid` when the host has none that would do.
    func claim(
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
