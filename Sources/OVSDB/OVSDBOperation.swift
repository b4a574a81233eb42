import JSON

/// A test on one column (RFC 7047, section 5.1, `<condition>`).
public struct OVSDBCondition: Hashable, Sendable {
    /// How a column is compared with the value.
    public enum Function: String, Hashable, Sendable {
        case less = "<"
        case lessOrEqual = "<="
        case equal = "=="
        case notEqual = "!="
        case greaterOrEqual = ">="
        case greater = ">"
        /// The column has at least these elements.
        case includes = "includes"
        /// The column has none of these elements.
        case excludes = "excludes"
    }

    /// The column that is compared.
    public let column: String
    /// How it is compared.
    public let function: Function
    /// What it is compared with.
    public let value: OVSDBValue

    /// A condition of a `where` clause.
    public init(_ column: String, _ function: Function, _ value: OVSDBValue) {
        self.column = column
        self.function = function
        self.value = value
    }

    var json: JSONValue {
        .array([.string(column), .string(function.rawValue), value.json])
    }
}

/// A change relative to what a column holds (RFC 7047, section 5.1, `<mutation>`).
public struct OVSDBMutation: Hashable, Sendable {
    /// What to do with the column and the value.
    public enum Mutator: String, Hashable, Sendable {
        case add = "+="
        case subtract = "-="
        case multiply = "*="
        case divide = "/="
        case remainder = "%="
        /// Adds elements; a map keeps the value of a key that it has already.
        case insert = "insert"
        /// Removes elements; a map's may be named by a set of keys.
        case delete = "delete"
    }

    /// The column that is changed.
    public let column: String
    /// How it is changed.
    public let mutator: Mutator
    /// The operand.
    public let value: OVSDBValue

    /// A change of a column in place.
    public init(_ column: String, _ mutator: Mutator, _ value: OVSDBValue) {
        self.column = column
        self.mutator = mutator
        self.value = value
    }

    var json: JSONValue {
        .array([.string(column), .string(mutator.rawValue), value.json])
    }
}

/// A step of a transaction (RFC 7047, section 5.2).
public enum OVSDBOperation: Hashable, Sendable {
    /// What a ``wait(table:where:columns:until:rows:timeoutMS:)`` waits for.
    public enum WaitCondition: String, Hashable, Sendable {
        case equal = "=="
        case notEqual = "!="
    }

    /// Creates a row; `uuidName` lets later operations refer to it.
    case insert(table: String, row: OVSDBRow, uuidName: String? = nil)
    /// Reads rows; `columns` `nil` reads all of them.
    case select(table: String, where: [OVSDBCondition], columns: [String]? = nil)
    /// Replaces the given columns.
    case update(table: String, where: [OVSDBCondition], row: OVSDBRow)
    /// Changes columns relative to what they hold.
    case mutate(table: String, where: [OVSDBCondition], mutations: [OVSDBMutation])
    case delete(table: String, where: [OVSDBCondition])
    /// Holds the transaction until the selected rows are (or aren't) these; with a timeout of 0
    /// a guard that fails the transaction at once.
    case wait(
        table: String, where: [OVSDBCondition], columns: [String], until: WaitCondition,
        rows: [OVSDBRow], timeoutMS: Int)
    /// Fails the transaction.
    case abort
    /// Writes a line to the database's log with the commit.
    case comment(String)

    /// The operation's name on the wire.
    public var name: String {
        switch self {
        case .insert: "insert"
        case .select: "select"
        case .update: "update"
        case .mutate: "mutate"
        case .delete: "delete"
        case .wait: "wait"
        case .abort: "abort"
        case .comment: "comment"
        }
    }

    /// The wire form. The order of its members doesn't matter: all are sorted when written.
    var json: JSONValue {
        .object([.init("op", .string(name))] + arguments.map { .init($0, $1) })
    }

    private var arguments: [(String, JSONValue)] {
        switch self {
        case .insert(let table, let row, let uuidName):
            [("table", .string(table)), ("row", JSONValue(row: row))]
                + (uuidName.map { [("uuid-name", .string($0))] } ?? [])
        case .select(let table, let conditions, let columns):
            Self.scope(table, conditions) + (columns.map { [("columns", .strings($0))] } ?? [])
        case .update(let table, let conditions, let row):
            Self.scope(table, conditions) + [("row", JSONValue(row: row))]
        case .mutate(let table, let conditions, let mutations):
            Self.scope(table, conditions) + [("mutations", .array(mutations.map(\.json)))]
        case .delete(let table, let conditions):
            Self.scope(table, conditions)
        case .wait(let table, let conditions, let columns, let until, let rows, let timeoutMS):
            Self.scope(table, conditions) + [
                ("columns", .strings(columns)), ("until", .string(until.rawValue)),
                ("rows", .array(rows.map { JSONValue(row: $0) })), ("timeout", .int(timeoutMS)),
            ]
        case .abort: []
        case .comment(let text): [("comment", .string(text))]
        }
    }

    /// Which rows of which table.
    private static func scope(
        _ table: String, _ conditions: [OVSDBCondition]
    ) -> [(String, JSONValue)] {
        [("table", .string(table)), ("where", .array(conditions.map(\.json)))]
    }
}
