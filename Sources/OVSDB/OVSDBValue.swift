import FoundationEssentials
import JSON

/// A scalar of the database (RFC 7047, section 5.1).
public enum OVSDBAtom: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    /// A row that exists.
    case uuid(UUID)
    /// A row that an `insert` with this `uuid-name` creates in the same transaction.
    case namedUUID(String)

    init(json: JSONValue) throws(OVSDBError) {
        switch json {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .real(number)
        case .bool(let truth): self = .boolean(truth)
        case .array(let pair): self = try Self.reference(pair)
        case .null, .object: throw .malformedMessage(detail: "\(json) is not an atom")
        }
    }

    private static func reference(_ pair: [JSONValue]) throws(OVSDBError) -> OVSDBAtom {
        guard pair.count == 2, let tag = pair[0].text, let text = pair[1].text else {
            throw .malformedMessage(detail: "\(pair) is not an atom")
        }
        if tag == "uuid", let uuid = UUID(uuidString: text) { return .uuid(uuid) }
        if tag == "named-uuid" { return .namedUUID(text) }
        throw .malformedMessage(detail: "'\(tag)' '\(text)' is not a reference to a row")
    }

    var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .integer(number)
        case .real(let number): .number(number)
        case .boolean(let truth): .bool(truth)
        case .uuid(let uuid): .array([.string("uuid"), .string(uuid.uuidString.lowercased())])
        case .namedUUID(let name): .array([.string("named-uuid"), .string(name)])
        }
    }
}

/// What a column holds (RFC 7047, section 5.1).
///
/// A server may send a set of one element as the element itself: read sets with ``atoms``.
public enum OVSDBValue: Hashable, Sendable {
    case atom(OVSDBAtom)
    case set(Set<OVSDBAtom>)
    case map([OVSDBAtom: OVSDBAtom])

    /// The elements of a set, or the atom as a set of one; empty for a map.
    public var atoms: Set<OVSDBAtom> {
        switch self {
        case .atom(let atom): [atom]
        case .set(let atoms): atoms
        case .map: []
        }
    }

    /// The only atom of an optional or scalar column; `nil` when there is none or several.
    public var onlyAtom: OVSDBAtom? {
        atoms.count == 1 ? atoms.first : nil
    }

    /// The value of a string column, or of an optional one that is set.
    public var string: String? {
        if case .string(let text) = onlyAtom { return text }
        return nil
    }

    /// The value of an integer column, or of an optional one that is set.
    public var integer: Int64? {
        if case .integer(let number) = onlyAtom { return number }
        return nil
    }

    /// The value of a real column; a server writes whole reals as integers.
    public var real: Double? {
        switch onlyAtom {
        case .real(let number): number
        case .integer(let number): Double(number)
        default: nil
        }
    }

    /// The value of a boolean column, or of an optional one that is set.
    public var boolean: Bool? {
        if case .boolean(let truth) = onlyAtom { return truth }
        return nil
    }

    /// The one row referred to.
    public var uuid: UUID? {
        if case .uuid(let uuid) = onlyAtom { return uuid }
        return nil
    }

    /// All rows referred to by a set of references.
    public var uuids: Set<UUID> {
        var found: Set<UUID> = []
        for case .uuid(let uuid) in atoms { found.insert(uuid) }
        return found
    }

    /// The pairs of a map from string to string, such as `external_ids`; others are left out.
    public var stringMap: [String: String] {
        guard case .map(let pairs) = self else { return [:] }
        var found: [String: String] = [:]
        for case (.string(let key), .string(let value)) in pairs { found[key] = value }
        return found
    }

    /// The pairs of a map from string to integer, such as `statistics`; others are left out.
    public var integerMap: [String: Int64] {
        guard case .map(let pairs) = self else { return [:] }
        var found: [String: Int64] = [:]
        for case (.string(let key), .integer(let value)) in pairs { found[key] = value }
        return found
    }
}

extension OVSDBValue {
    /// A string column's value.
    public static func string(_ text: String) -> OVSDBValue { .atom(.string(text)) }

    /// An integer column's value.
    public static func integer(_ number: Int64) -> OVSDBValue { .atom(.integer(number)) }

    /// A reference to a row that exists.
    public static func uuid(_ uuid: UUID) -> OVSDBValue { .atom(.uuid(uuid)) }

    /// A map from string to string.
    public static func stringMap(_ pairs: [String: String]) -> OVSDBValue {
        var atoms: [OVSDBAtom: OVSDBAtom] = [:]
        for (key, value) in pairs { atoms[.string(key)] = .string(value) }
        return .map(atoms)
    }

    /// An optional integer column: the empty set when there is no value.
    public static func optional(_ number: Int64?) -> OVSDBValue {
        number.map { .integer($0) } ?? .set([])
    }
}
