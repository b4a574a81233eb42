import FoundationEssentials
import OVSDB

/// What has to be written for a representor or a network port to be off the switch.
enum UnplugPlan: Hashable, Sendable {
    /// What to remove.
    enum Target: Hashable, Sendable {
        case representor(String)
        case portID(String)
    }

    case nothingPlugged
    case remove(GuardedWrite)

    init(_ target: Target, on snapshot: SwitchSnapshot) throws(VirtualSwitchError) {
        let placements =
            switch target {
            case .representor(let name): snapshot.placements[name].map { [$0] } ?? []
            case .portID(let portID): snapshot.placements(ofPort: portID)
            }
        var guards: [OVSDBOperation] = []
        var changes: [OVSDBOperation] = []
        for placement in placements {
            try Self.check(placement)
            guards += OVSDBOperation.guards(placement: placement)
            guards.append(Self.identityGuard(placement))
            // A port that no bridge refers to is collected by the database, and its interface.
            changes.append(
                .mutate(
                    table: SwitchTable.bridge,
                    where: [OVSDBCondition("_uuid", .equal, .uuid(placement.bridge.uuid))],
                    mutations: [OVSDBMutation("ports", .delete, .uuid(placement.port.uuid))]))
        }
        self =
            changes.isEmpty
            ? .nothingPlugged : .remove(GuardedWrite(guards: guards, changes: changes))
    }

    private static func check(
        _ placement: SwitchSnapshot.Placement
    ) throws(VirtualSwitchError) {
        let (name, port) = (placement.interface.name, placement.port)
        guard port.interfaces.count == 1 else {
            throw .interfaceSharesPort(interface: name, port: port.name)
        }
        guard placement.interface.externalIDs[ExternalID.marker] == ExternalID.marked else {
            throw .foreignInterface(interface: name, bridge: placement.bridge.name)
        }
    }

    /// The interface must not have been plugged anew for another port meanwhile.
    private static func identityGuard(_ placement: SwitchSnapshot.Placement) -> OVSDBOperation {
        let keys = [ExternalID.marker, ExternalID.portID]
        let expected = placement.interface.externalIDs.filter { keys.contains($0.key) }
        return .guardOne(
            SwitchTable.interface, named: placement.interface.name,
            [
                OVSDBCondition("_uuid", .equal, .uuid(placement.interface.uuid)),
                OVSDBCondition("external_ids", .includes, .stringMap(expected)),
            ])
    }
}
