import ComputeModel
import JSON

/// Reads the members of one JSON object and insists that every member is known: a mistyped key is
/// an error that names the nearest valid one, instead of being passed over.
///
/// Use: take each member by its getter, then call `finish()`.
public struct BodyReader {
    private let members: [ExactText: JSONValue]
    private let path: String
    private let noun: Noun
    private var known: Set<ExactText> = []

    /// Reads `value`, which must be an object. `path` is how messages call it, such as `server`.
    public init(_ value: JSONValue, path: String, noun: Noun) throws(DomainError) {
        guard case .object(let members) = value else {
            throw .invalid(
                noun, field: path,
                "Invalid input for field '\(path)': expected an object, found \(value.typeName).")
        }
        self.members = Dictionary(
            members.map { (ExactText($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        self.path = path
        self.noun = noun
    }

    /// The keys that are present.
    public var keys: [String] { members.keys.sorted().map(\.text) }

    /// Whether `key` is present, `null` included.
    public mutating func has(_ key: String) -> Bool {
        known.insert(ExactText(key))
        return members[ExactText(key)] != nil
    }

    /// The raw member; `null` and absent both give nil.
    public mutating func value(_ key: String) -> JSONValue? {
        known.insert(ExactText(key))
        guard let value = members[ExactText(key)], value != .null else { return nil }
        return value
    }

    /// A string of `length` characters; nil when absent or null.
    public mutating func string(
        _ key: String, length: ClosedRange<Int> = 0...65_535
    ) throws(DomainError) -> String? {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value else { throw wrong(key, "a string", value) }
        guard length.contains(text.count) else {
            let shown = text.count > 64 ? "A text of \(text.count) characters" : "'\(text)'"
            throw invalid(
                key, "\(shown) must have \(length.lowerBound) to \(length.upperBound) characters.")
        }
        return text
    }

    /// A string that must be there.
    public mutating func requiredString(
        _ key: String, length: ClosedRange<Int> = 0...65_535
    ) throws(DomainError) -> String {
        guard let text = try string(key, length: length) else { throw missing(key) }
        return text
    }

    /// An integer in `range`, also accepted as decimal text, as OpenStack's services do.
    public mutating func integer(
        _ key: String, in range: ClosedRange<Int> = 0...Int(Int32.max)
    ) throws(DomainError) -> Int? {
        guard let value = value(key) else { return nil }
        let found: Int?
        switch value {
        case .integer(let number): found = Int(exactly: number)
        case .string(let text): found = Int(text)
        default: found = nil
        }
        guard let found else { throw wrong(key, "an integer", value) }
        guard range.contains(found) else {
            throw invalid(
                key, "\(found) must be from \(range.lowerBound) to \(range.upperBound).")
        }
        return found
    }

    /// A truth value; the texts OpenStack accepts (`true`, `1`, `yes`, `on`...) count too.
    public mutating func bool(_ key: String) throws(DomainError) -> Bool? {
        guard let value = value(key) else { return nil }
        switch value {
        case .bool(let flag): return flag
        case .integer(0): return false
        case .integer(1): return true
        case .string(let text):
            switch text.lowercased() {
            case "true", "1", "yes", "on", "t", "y": return true
            case "false", "0", "no", "off", "f", "n": return false
            default: throw wrong(key, "a boolean", value)
            }
        default: throw wrong(key, "a boolean", value)
        }
    }

    /// A list; nil when absent or null.
    public mutating func array(
        _ key: String, countMax: Int = 1_000
    ) throws(DomainError) -> [JSONValue]? {
        guard let value = value(key) else { return nil }
        guard case .array(let values) = value else { throw wrong(key, "a list", value) }
        guard values.count <= countMax else {
            throw invalid(key, "it has \(values.count) entries, at most \(countMax) are allowed.")
        }
        return values
    }

    /// A list of strings.
    public mutating func strings(
        _ key: String, countMax: Int = 1_000
    ) throws(DomainError) -> [String]? {
        guard let values = try array(key, countMax: countMax) else { return nil }
        var texts: [String] = []
        for value in values {
            guard case .string(let text) = value else { throw wrong(key, "strings", value) }
            texts.append(text)
        }
        return texts
    }

    /// An object with string values.
    public mutating func stringMap(
        _ key: String, countMax: Int = 1_000
    ) throws(DomainError) -> [String: String]? {
        guard let value = value(key) else { return nil }
        guard case .object(let members) = value else { throw wrong(key, "an object", value) }
        guard members.count <= countMax else {
            throw invalid(key, "it has \(members.count) keys, at most \(countMax) are allowed.")
        }
        var map: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw wrong("\(key).\(member.key)", "a string", member.value)
            }
            map[member.key] = text
        }
        return map
    }

    /// A nested object to be read the same way.
    public mutating func object(_ key: String) throws(DomainError) -> BodyReader? {
        guard let value = value(key) else { return nil }
        return try BodyReader(value, path: path.isEmpty ? key : "\(path).\(key)", noun: noun)
    }

    /// Accepts a member without reading it.
    public mutating func ignore(_ keys: String...) {
        known.formUnion(keys.map(ExactText.init))
    }

    /// Fails when a member was present that nobody asked for.
    public func finish() throws(DomainError) {
        guard let unknown = members.keys.filter({ !known.contains($0) }).min()?.text else {
            return
        }
        let hint = Spelling.hint(unknown, among: known.map(\.text))
        throw .invalid(
            noun, field: unknown,
            "Additional properties are not allowed ('\(unknown)' was unexpected in"
                + " '\(path)').\(hint)")
    }

    /// The error for an absent member.
    public func missing(_ key: String) -> DomainError {
        .invalid(noun, field: key, "'\(key)' is a required property of '\(path)'.")
    }

    /// An error about a member's value.
    public func invalid(_ key: String, _ why: String) -> DomainError {
        .invalid(noun, field: key, "Invalid input for field '\(key)': \(why)")
    }

    private func wrong(_ key: String, _ expected: String, _ found: JSONValue) -> DomainError {
        invalid(key, "expected \(expected), found \(found.typeName).")
    }
}
