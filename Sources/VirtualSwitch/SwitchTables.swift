import FoundationEssentials
import OVSDB

/// A row of table `Bridge`, as far as it is read.
struct BridgeRow: Hashable, Sendable {
    static let columns = ["_uuid", "name", "ports"]

    let uuid: UUID
    let name: String
    let ports: Set<UUID>

    init(_ row: OVSDBRow) throws(VirtualSwitchError) {
        (uuid, name) = try rowIdentity(row, table: SwitchTable.bridge)
        ports = row["ports"]?.uuids ?? []
    }
}

/// A row of table `Port`, as far as it is read.
struct PortRow: Hashable, Sendable {
    static let columns = ["_uuid", "name", "interfaces", "tag"]

    let uuid: UUID
    let name: String
    let interfaces: Set<UUID>
    let vlanTag: Int?

    init(_ row: OVSDBRow) throws(VirtualSwitchError) {
        (uuid, name) = try rowIdentity(row, table: SwitchTable.port)
        interfaces = row["interfaces"]?.uuids ?? []
        vlanTag = row["tag"]?.integer.map { Int($0) }
    }
}

/// A row of table `Interface`, as far as it is read.
struct InterfaceRow: Hashable, Sendable {
    static let columns = [
        "_uuid", "name", "external_ids", "mtu_request", "ofport", "link_state", "admin_state",
        "error", "statistics",
    ]

    let uuid: UUID
    let name: String
    let externalIDs: [String: String]
    let requestedMTU: Int?
    let ofport: Int?
    let linkIsUp: Bool?
    let adminIsUp: Bool?
    let error: String?
    let statistics: [String: Int64]

    /// Whether `ovs-vswitchd` tried to add the interface to the datapath and couldn't.
    var hasFailed: Bool { error != nil || (ofport ?? 0) < 0 }

    init(_ row: OVSDBRow) throws(VirtualSwitchError) {
        (uuid, name) = try rowIdentity(row, table: SwitchTable.interface)
        externalIDs = row["external_ids"]?.stringMap ?? [:]
        requestedMTU = row["mtu_request"]?.integer.map { Int($0) }
        ofport = row["ofport"]?.integer.map { Int($0) }
        linkIsUp = row["link_state"]?.string.map { $0 == "up" }
        adminIsUp = row["admin_state"]?.string.map { $0 == "up" }
        error = row["error"]?.string
        statistics = row["statistics"]?.integerMap ?? [:]
    }
}

/// Names of the database and its tables (ovs-vswitchd.conf.db(5)).
enum SwitchTable {
    static let database = "Open_vSwitch"
    static let root = "Open_vSwitch"
    static let bridge = "Bridge"
    static let port = "Port"
    static let interface = "Interface"
}

private func rowIdentity(
    _ row: OVSDBRow, table: String
) throws(VirtualSwitchError) -> (UUID, String) {
    guard let uuid = row["_uuid"]?.uuid else {
        throw .malformedRow(table: table, detail: "no _uuid")
    }
    guard let name = row["name"]?.string else {
        throw .malformedRow(table: table, detail: "row \(uuid) has no name")
    }
    return (uuid, name)
}
