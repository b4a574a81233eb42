import FoundationEssentials
import JSON

/// What happened to one row (`row-update2` of ovsdb-server(7)). In a row that is new to the
/// reader, columns with their type's default (0, empty) are absent.
public enum OVSDBRowUpdate: Hashable, Sendable {
    /// The row was there when the monitor began.
    case initial(OVSDBRow)
    case insert(OVSDBRow)
    /// The columns that changed: the new value of a column that holds at most one element, the
    /// elements added or removed of any other.
    case modify(OVSDBRow)
    case delete
}

/// Changed rows by table and row.
public typealias OVSDBTableUpdates = [String: [UUID: OVSDBRowUpdate]]

/// Which rows and columns of one table to watch.
public struct OVSDBMonitorRequest: Hashable, Sendable {
    /// The table to watch.
    public let table: String
    /// `nil` watches all columns.
    public let columns: [String]?
    /// The rows watched match any of these; all rows when empty.
    public let conditions: [OVSDBCondition]

    /// Watches these columns; nil watches all.
    public init(table: String, columns: [String]? = nil, conditions: [OVSDBCondition] = []) {
        self.table = table
        self.columns = columns
        self.conditions = conditions
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = []
        if let columns { members.append(.init("columns", .strings(columns))) }
        if !conditions.isEmpty {
            members.append(.init("where", .array(conditions.map(\.json))))
        }
        return .object(members)
    }
}

/// A running monitor.
public struct OVSDBMonitor: Sendable {
    /// The rows as the monitor began.
    public let initial: OVSDBTableUpdates
    /// Every change after ``initial``, in order, for one reader. Ends with an ``OVSDBError`` when
    /// the connection ends or the reader falls behind too far; dropping it ends the monitor.
    public let updates: AsyncThrowingStream<OVSDBTableUpdates, any Error>
}

extension OVSDBRowUpdate {
    init(json: JSONValue) throws(OVSDBError) {
        guard let members = json.members, members.count == 1, let update = members.first else {
            throw .malformedMessage(detail: "a row update that isn't an object of one member")
        }
        switch update.key {
        case "initial": self = .initial(try OVSDBValue.row(json: update.value))
        case "insert": self = .insert(try OVSDBValue.row(json: update.value))
        case "modify": self = .modify(try OVSDBValue.row(json: update.value))
        case "delete": self = .delete
        default: throw .malformedMessage(detail: "row update of unknown kind '\(update.key)'")
        }
    }

    /// Reads `table-updates2`.
    static func tables(json: JSONValue) throws(OVSDBError) -> OVSDBTableUpdates {
        guard let tables = json.members else {
            throw .malformedMessage(detail: "updates that are no object")
        }
        var updates: OVSDBTableUpdates = [:]
        for table in tables {
            guard let rows = table.value.members else {
                throw .malformedMessage(
                    detail: "updates of table \(table.key) that are no object")
            }
            var changed: [UUID: OVSDBRowUpdate] = [:]
            for row in rows {
                guard let uuid = UUID(uuidString: row.key) else {
                    throw .malformedMessage(
                        detail: "'\(row.key)' of table \(table.key) is no row uuid")
                }
                changed[uuid] = try OVSDBRowUpdate(json: row.value)
            }
            updates[table.key] = changed
        }
        return updates
    }
}
