import FoundationEssentials
import OVSDB

/// The switch's configuration at one moment: all tables read in one transaction.
struct SwitchSnapshot: Hashable, Sendable {
    /// Where an interface is.
    struct Placement: Hashable, Sendable {
        let interface: InterfaceRow
        let port: PortRow
        let bridge: BridgeRow
    }

    /// `next_cfg`: counts what was configured.
    let nextConfiguration: Int64
    let bridges: [BridgeRow]
    /// Each interface that is on a bridge, by name.
    let placements: [String: Placement]

    static let operations: [OVSDBOperation] = [
        .select(table: SwitchTable.root, where: [], columns: ["next_cfg"]),
        .select(table: SwitchTable.bridge, where: [], columns: BridgeRow.columns),
        .select(table: SwitchTable.port, where: [], columns: PortRow.columns),
        .select(table: SwitchTable.interface, where: [], columns: InterfaceRow.columns),
    ]

    /// Reads the results of ``operations``.
    init(_ results: [OVSDBOperationResult]) throws(VirtualSwitchError) {
        let tables = results.map(\.rows)
        guard tables.count == Self.operations.count else {
            throw .malformedRow(
                table: SwitchTable.root, detail: "\(tables.count) tables were returned")
        }
        nextConfiguration = try Self.nextConfiguration(in: tables[0])
        var bridges: [BridgeRow] = []
        var bridgeOfPort: [UUID: BridgeRow] = [:]
        for row in tables[1] {
            let bridge = try BridgeRow(row)
            bridges.append(bridge)
            for port in bridge.ports { bridgeOfPort[port] = bridge }
        }
        var portOfInterface: [UUID: PortRow] = [:]
        for row in tables[2] {
            let port = try PortRow(row)
            for interface in port.interfaces { portOfInterface[interface] = port }
        }
        var placements: [String: Placement] = [:]
        for row in tables[3] {
            let interface = try InterfaceRow(row)
            guard let port = portOfInterface[interface.uuid], let bridge = bridgeOfPort[port.uuid]
            else { continue }
            placements[interface.name] = Placement(
                interface: interface, port: port, bridge: bridge)
        }
        self.bridges = bridges
        self.placements = placements
    }

    /// Reads `next_cfg` from the one row of the root table.
    static func nextConfiguration(in rows: [OVSDBRow]) throws(VirtualSwitchError) -> Int64 {
        guard let number = rows.first?["next_cfg"]?.integer else {
            throw .malformedRow(
                table: SwitchTable.root,
                detail: "no next_cfg in \(rows.count) rows; was the database initialised "
                    + "(ovs-vsctl init)?")
        }
        return number
    }

    /// The interfaces that carry a network port's id, in the order of their names.
    func placements(ofPort portID: String) -> [Placement] {
        placements.values
            .filter { $0.interface.externalIDs[ExternalID.portID] == portID }
            .sorted { $0.interface.name < $1.interface.name }
    }

    /// What ``OpenVSwitch/list()`` returns.
    var pluggedVIFs: [PluggedVIF] {
        placements.values
            .map { PluggedVIF(interface: $0.interface, port: $0.port, bridge: $0.bridge) }
            .filter { $0.isMarked || $0.externalIDs[ExternalID.portID] != nil }
            .sorted { $0.representor < $1.representor }
    }
}
