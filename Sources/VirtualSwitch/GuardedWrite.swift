import FoundationEssentials
import OVSDB

/// A transaction that commits only if what it was planned on is still so.
struct GuardedWrite: Hashable, Sendable {
    /// `wait` operations without waiting: one that fails means that others were quicker.
    let guards: [OVSDBOperation]
    let changes: [OVSDBOperation]

    /// Everything in order; the last result is the new `next_cfg`, which asks `ovs-vswitchd` to
    /// say when it has applied the changes.
    var operations: [OVSDBOperation] {
        guards + changes + [
            .mutate(
                table: SwitchTable.root, where: [],
                mutations: [OVSDBMutation("next_cfg", .add, .integer(1))]),
            .select(table: SwitchTable.root, where: [], columns: ["next_cfg"]),
        ]
    }

    /// Whether the transaction failed because a guard didn't hold.
    func lostRace(_ error: OVSDBError) -> Bool {
        guard case .operationFailed(let index, _, let reason) = error else { return false }
        return index < guards.count && reason.kind == .timedOut
    }
}

extension OVSDBOperation {
    /// Holds only if no row matches.
    static func guardNone(_ table: String, _ conditions: [OVSDBCondition]) -> OVSDBOperation {
        .wait(
            table: table, where: conditions, columns: ["name"], until: .equal, rows: [],
            timeoutMS: 0)
    }

    /// Holds only if exactly the one row of this name matches.
    static func guardOne(
        _ table: String, named name: String, _ conditions: [OVSDBCondition]
    ) -> OVSDBOperation {
        .wait(
            table: table, where: conditions, columns: ["name"], until: .equal,
            rows: [["name": .string(name)]], timeoutMS: 0)
    }

    /// Holds only if the interface is still the only one of its port, and that on its bridge.
    static func guards(placement: SwitchSnapshot.Placement) -> [OVSDBOperation] {
        let interface = OVSDBValue.set([.uuid(placement.interface.uuid)])
        return [
            .guardOne(
                SwitchTable.port, named: placement.port.name,
                [
                    OVSDBCondition("_uuid", .equal, .uuid(placement.port.uuid)),
                    OVSDBCondition("interfaces", .equal, interface),
                ]),
            .guardOne(
                SwitchTable.bridge, named: placement.bridge.name,
                [
                    OVSDBCondition("_uuid", .equal, .uuid(placement.bridge.uuid)),
                    OVSDBCondition("ports", .includes, .uuid(placement.port.uuid)),
                ]),
        ]
    }
}
