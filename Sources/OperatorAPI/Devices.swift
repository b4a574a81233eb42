import ComputeModel
import Conductor
import DeviceTracking
import JSON
import RequestPipeline

extension OperatorService {
    func listDevices(_ request: APIRequest) throws -> APIResponse {
        let query = try QueryCheck(
            request, known: ["host", "kind", "state", "physical_network"], noun: .device)
        let kind = try query.choice("kind", of: DeviceKind.allCases)
        let state = try query.choice("state", of: DeviceState.inOrder)
        let network = query.text("physical_network")?.lowercased()
        let hosts =
            try query.text("host").map { [try find(host: $0)] } ?? conductor.hosts.list()
        let stored = conductor.readModel()
        let rows = try hosts.flatMap { try DeviceRow.rows($0, stored) }.filter { row in
            (kind == nil || row.kind == kind) && (state == nil || row.state == state)
                && (network == nil || row.physicalNetwork?.lowercased() == network)
        }
        return .ok([
            "devices": .array(rows.map(\.json)),
            "conditions": .array(hosts.flatMap(Self.drift)),
        ])
    }

    /// What a host says of changes of its devices: of owned ones that are away, of cards and VFs
    /// that are not what or where they were.
    private static func drift(_ view: HostView) -> [JSONValue] {
        (view.report?.conditions ?? []).filter { DeviceDrift.codes.contains($0.code) }.map {
            [
                "host": .string(view.host.name), "code": .string($0.code),
                "message": .string($0.message), "blocks_vdpa": .bool($0.blocksVDPA),
            ]
        }
    }
}

/// A device of a host: reported, or owned and not reported any more.
struct DeviceRow {
    private let host: ComputeHost
    private let deviceID: DeviceID
    private let device: Device?
    private let instanceID: InstanceID?
    private let portID: PortID?
    private let alias: String?
    private let reason: String?
    private let binding: PortBinding?
    let kind: DeviceKind?
    let state: DeviceState

    var physicalNetwork: String? { device?.physicalNetwork ?? binding?.physicalNetwork }

    /// All devices of a host: the reported ones by address, then those that vanished.
    static func rows(_ view: HostView, _ stored: ReadModel) throws -> [DeviceRow] {
        let states = view.devices
        let vanished = try states.missing.map { missing in
            try DeviceRow(
                missing.claim, of: missing.instanceID, view,
                port: missing.claim.portID.flatMap { try stored.port($0) })
        }
        return states.entries.map { DeviceRow($0, view.host) } + vanished
    }

    private init(_ entry: DeviceStates.Entry, _ host: ComputeHost) {
        self.host = host
        deviceID = entry.device.id
        device = entry.device
        instanceID = entry.instanceID
        portID = entry.portID
        alias = entry.alias
        reason = entry.reason
        binding = nil
        kind = entry.device.kind
        state = entry.state
    }

    /// A device that vanished; its port still knows where it was.
    private init(
        _ claim: DeviceClaim, of instance: InstanceID, _ view: HostView, port: NetworkPort?
    ) {
        host = view.host
        deviceID = claim.deviceID
        device = nil
        instanceID = instance
        portID = claim.portID
        alias = claim.alias
        reason = nil
        let bound = port?.binding
        binding = bound?.deviceID == claim.deviceID ? bound : nil
        kind = port?.vnicType == .vdpa ? .vdpa : nil
        state = view.ledger.claim(of: instance)?.phase == .claimed ? .claimed : .allocated
    }

    var json: JSONValue {
        [
            "host": .string(host.name), "host_id": .string(host.id.text),
            "id": .string(deviceID.text),
            "address": .optional(device.map { "\($0.address)" } ?? binding?.pciSlot),
            "parent_address": .optional(device?.parentAddress.map { "\($0)" }),
            "kind": .optional(kind?.rawValue), "state": .string(state.rawValue),
            "instance_id": .optional(instanceID?.text), "port_id": .optional(portID?.text),
            "alias": .optional(alias),
            "physical_network": .optional(physicalNetwork),
            "numa_node": .optional(device?.numaNode),
            "vendor_id": .optional(device?.vendorID ?? vendorInfo(0)),
            "product_id": .optional(device?.productID ?? vendorInfo(1)),
            "vdpa_name": .optional(device?.vdpaName),
            "mac_address": .optional(device?.macAddress),
            "mac_settable": device.map { .bool($0.macSettable) } ?? .null,
            "representor": .optional(device?.representor), "reason": .optional(reason),
            "interface_name": .optional(device?.interfaceName),
            "card_serial": .optional(device?.cardSerial), "tags": tags,
            "capabilities": capabilities,
            "problems": .strings(problems),
        ]
    }

    /// The tags of the device's `device_spec` entry; null when it has none.
    private var tags: JSONValue {
        guard let tags = device?.tags else { return .null }
        return [
            "trusted": tags.trusted.map { .bool($0) } ?? .null,
            "remote_managed": .bool(tags.remoteManaged),
            "managed": tags.managed.map { .bool($0) } ?? .null,
            "live_migratable": tags.liveMigratable.map { .bool($0) } ?? .null,
            "resource_class": .optional(tags.resourceClass), "traits": .strings(tags.traits),
        ]
    }

    /// What the device can do; null when its host said nothing.
    private var capabilities: JSONValue {
        guard let can = device?.capabilities else { return .null }
        return [
            "queue_pairs_max": .optional(can.queuePairsMax),
            "mtu_max_bytes": .optional(can.mtuMaxBytes),
            "link_speed_mbps": .optional(can.linkSpeedMbps),
            "features": .strings(can.features), "driver": .optional(can.driver),
            "transparent_migration": can.transparentMigration.map { .bool($0) } ?? .null,
        ]
    }

    private var problems: [String] {
        if let device { return device.problems }
        return [
            "vanished: host \(host.name) doesn't report this device any more, and instance"
                + " \(instanceID?.text ?? "?") owns it"
        ]
    }

    /// Half of the binding's `vendor:product`.
    private func vendorInfo(_ index: Int) -> String? {
        let parts = binding?.pciVendorInfo?.split(separator: ":") ?? []
        return parts.count == 2 ? String(parts[index]) : nil
    }
}
