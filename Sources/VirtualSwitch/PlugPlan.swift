import FoundationEssentials
import OVSDB

/// What was asked for.
struct PlugRequest: Hashable, Sendable {
    let representor: String
    let identity: VIFIdentity
    let bridge: String
    let mtu: Int?
    let vlanTag: Int?
}

/// What has to be written for a representor to be plugged as asked for.
enum PlugPlan: Hashable, Sendable {
    case unchanged
    /// Nothing differs, but the switch failed to add the interface: have it try once more.
    case reapply(GuardedWrite)
    case create(GuardedWrite)
    case update(GuardedWrite)

    init(_ request: PlugRequest, on snapshot: SwitchSnapshot) throws(VirtualSwitchError) {
        guard let bridge = snapshot.bridges.first(where: { $0.name == request.bridge }) else {
            throw .bridgeMissing(bridge: request.bridge)
        }
        let portID = request.identity.portID
        for other in snapshot.placements(ofPort: portID)
        where other.interface.name != request.representor {
            throw .portPluggedElsewhere(portID: portID, interface: other.interface.name)
        }
        guard let placement = snapshot.placements[request.representor] else {
            self = .create(Self.creation(request, bridge: bridge))
            return
        }
        guard placement.bridge.uuid == bridge.uuid else {
            throw .interfaceOnOtherBridge(
                interface: request.representor, bridge: placement.bridge.name,
                wanted: request.bridge)
        }
        guard placement.port.interfaces.count == 1, placement.port.name == request.representor
        else {
            throw .interfaceSharesPort(
                interface: request.representor, port: placement.port.name)
        }
        let write = GuardedWrite(
            guards: [Self.portIDGuard(request)] + OVSDBOperation.guards(placement: placement),
            changes: Self.changes(request, placement: placement))
        if !write.changes.isEmpty {
            self = .update(write)
        } else if placement.interface.hasFailed {
            self = .reapply(write)
        } else {
            self = .unchanged
        }
    }

    /// No other interface may take the same network port meanwhile.
    private static func portIDGuard(_ request: PlugRequest) -> OVSDBOperation {
        let portID = [ExternalID.portID: request.identity.portID]
        return .guardNone(
            SwitchTable.interface,
            [
                OVSDBCondition("external_ids", .includes, .stringMap(portID)),
                OVSDBCondition("name", .notEqual, .string(request.representor)),
            ])
    }

    private static func creation(_ request: PlugRequest, bridge: BridgeRow) -> GuardedWrite {
        let name = OVSDBValue.string(request.representor)
        let isNamed = [OVSDBCondition("name", .equal, name)]
        let isBridge = [OVSDBCondition("_uuid", .equal, .uuid(bridge.uuid))]
        return GuardedWrite(
            guards: [
                portIDGuard(request),
                .guardNone(SwitchTable.interface, isNamed),
                .guardNone(SwitchTable.port, isNamed),
                .guardOne(SwitchTable.bridge, named: bridge.name, isBridge),
            ],
            changes: [
                .insert(
                    table: SwitchTable.interface,
                    row: [
                        "name": name,
                        "external_ids": .stringMap(request.identity.externalIDs),
                        "mtu_request": .optional(request.mtu.map { Int64($0) }),
                    ], uuidName: "interface"),
                .insert(
                    table: SwitchTable.port,
                    row: [
                        "name": name,
                        "interfaces": .atom(.namedUUID("interface")),
                        "tag": .optional(request.vlanTag.map { Int64($0) }),
                    ], uuidName: "port"),
                .mutate(
                    table: SwitchTable.bridge, where: isBridge,
                    mutations: [OVSDBMutation("ports", .insert, .atom(.namedUUID("port")))]),
            ])
    }

    /// Only what differs: other external ids, such as OVN's `ovn-installed`, aren't touched.
    private static func changes(
        _ request: PlugRequest, placement: SwitchSnapshot.Placement
    ) -> [OVSDBOperation] {
        let isInterface = [OVSDBCondition("_uuid", .equal, .uuid(placement.interface.uuid))]
        let isPort = [OVSDBCondition("_uuid", .equal, .uuid(placement.port.uuid))]
        var changes: [OVSDBOperation] = []
        let differing = request.identity.externalIDs.filter { key, value in
            placement.interface.externalIDs[key] != value
        }
        if !differing.isEmpty {
            let keys = OVSDBValue.set(Set(differing.keys.map { .string($0) }))
            changes.append(
                .mutate(
                    table: SwitchTable.interface, where: isInterface,
                    mutations: [
                        OVSDBMutation("external_ids", .delete, keys),
                        OVSDBMutation("external_ids", .insert, .stringMap(differing)),
                    ]))
        }
        if placement.interface.requestedMTU != request.mtu {
            let mtu = OVSDBValue.optional(request.mtu.map { Int64($0) })
            changes.append(
                .update(
                    table: SwitchTable.interface, where: isInterface, row: ["mtu_request": mtu]))
        }
        if placement.port.vlanTag != request.vlanTag {
            let tag = OVSDBValue.optional(request.vlanTag.map { Int64($0) })
            changes.append(
                .update(table: SwitchTable.port, where: isPort, row: ["tag": tag]))
        }
        return changes
    }
}
