import ComputeModel
import Foundation

/// Devices of one card: a PF at `0000:06:00.0` and its children behind it.
enum Card {
    static func pf(_ id: String = "pf", network: String? = "physnet1") -> Device {
        device(id, .pf, function: 0, network: network)
    }

    static func vf(_ index: Int, network: String? = "physnet1") -> Device {
        child("vf\(index)", .vf, index, network: network)
    }

    static func vdpa(
        _ index: Int, network: String? = "physnet1", mac: String? = nil, settable: Bool = true
    ) -> Device {
        var device = child("vdpa\(index)", .vdpa, index, network: network)
        device.macAddress = mac
        device.macSettable = settable
        return device
    }

    private static func child(
        _ id: String, _ kind: DeviceKind, _ index: Int, network: String?
    ) -> Device {
        var device = device(id, kind, function: index + 1, network: network)
        device.parentID = DeviceID("pf")
        device.parentAddress = PCIAddress("0000:06:00.0")
        device.vfIndex = index
        return device
    }

    private static func device(
        _ id: String, _ kind: DeviceKind, function: Int, network: String?
    ) -> Device {
        var device = Device(
            id: DeviceID(id), kind: kind, address: address(function), vendorID: "15b3",
            productID: kind == .pf ? "101d" : "101e")
        device.physicalNetwork = network
        return device
    }

    static func address(_ function: Int) -> PCIAddress {
        let address = PCIAddress(
            domain: 0, bus: 6, slot: UInt8(function / 8), function: UInt8(function % 8))
        guard let address else { preconditionFailure("function \(function) is out of range") }
        return address
    }
}

extension HostLedger {
    /// A ledger in which each named device is owned by an instance of its own.
    static func owning(_ devices: [String], phase: ClaimPhase = .allocated) -> HostLedger {
        var ledger = HostLedger(hostID: HostID("h"))
        for device in devices {
            var claim = Claim(
                instanceID: InstanceID("of-\(device)"), projectID: ProjectID("p"),
                workflowID: WorkflowID("w"),
                capacity: HostCapacity(vcpus: 1, memoryMiB: 1, diskGiB: 1),
                devices: [
                    DeviceClaim(deviceID: DeviceID(device), portID: PortID("port-\(device)"))
                ],
                createdAt: Date(timeIntervalSince1970: 0))
            claim.phase = phase
            ledger.claims.append(claim)
        }
        return ledger
    }
}
