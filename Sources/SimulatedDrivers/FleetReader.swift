import JSON

/// Reads one map of a fleet file. Problems are collected, so that all are told at once.
struct FleetReader {
    /// What messages call the map, such as `hosts[2] (sim-3)`.
    var entry: String
    private(set) var problems: [String] = []
    private var values: [String: JSONValue] = [:]

    /// Refuses what is no map, unknown keys and keys that come twice.
    init(_ node: JSONValue, entry: String, keys: [String]) {
        self.entry = entry
        guard let entries = node.members else {
            problems.append("\(entry): expected a map, found \(Self.kind(node))")
            return
        }
        for item in entries {
            if !keys.contains(item.key) {
                problems.append(
                    "\(entry): unknown key '\(item.key)', "
                        + (Spelling.nearest(to: item.key, among: keys)
                            .map { "did you mean '\($0)'?" }
                            ?? "known are \(keys.joined(separator: ", "))"))
            } else if values.updateValue(item.value, forKey: item.key) != nil {
                problems.append("\(entry): key '\(item.key)' is given twice")
            }
        }
    }

    mutating func refuse(_ key: String, _ why: String) {
        problems.append("\(entry): \(key): \(why)")
    }

    /// Takes the problems of a map inside this one over.
    mutating func absorb(_ other: FleetReader) { problems += other.problems }

    mutating func integer(
        _ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil
    ) -> Int {
        switch values[key] {
        case .integer(let value) where range.contains(Int(value)): return Int(value)
        case .integer(let value):
            refuse(key, "\(value) is not within \(range.lowerBound) to \(range.upperBound)")
        case .none where fallback != nil: return fallback ?? range.lowerBound
        case .none: refuse(key, "missing; expected an integer")
        case .some(let other): refuse(key, "expected an integer, found \(Self.kind(other))")
        }
        return range.lowerBound
    }

    mutating func text(_ key: String, default fallback: String? = nil) -> String {
        switch values[key] {
        case .string(let value) where !value.isEmpty: return value
        case .none where fallback != nil: return fallback ?? ""
        case .none: refuse(key, "missing; expected text")
        case .some(let other):
            refuse(key, "expected text, found \(other == "" ? "none" : Self.kind(other))")
        }
        return ""
    }

    /// Nil when the key is missing or null.
    mutating func optionalText(_ key: String) -> String? {
        switch values[key] {
        case .none, .null: nil
        default: text(key)
        }
    }

    mutating func bool(_ key: String, default fallback: Bool) -> Bool {
        switch values[key] {
        case .bool(let value): return value
        case .none: return fallback
        case .some(let other):
            refuse(key, "expected true or false, found \(Self.kind(other))")
            return fallback
        }
    }

    mutating func list(_ key: String, count: ClosedRange<Int>) -> [JSONValue] {
        switch values[key] {
        case .array(let items) where count.contains(items.count): return items
        case .array(let items):
            refuse(
                key,
                "has \(items.count) entries, \(count.lowerBound) to \(count.upperBound)"
                    + " are allowed")
        case .none where count.lowerBound == 0: break
        case .none: refuse(key, "missing; expected a list")
        case .some(let other): refuse(key, "expected a list, found \(Self.kind(other))")
        }
        return []
    }

    /// A PCI vendor or product id. YAML takes `1041` for a number and `15e3` for another one.
    mutating func hexID(_ key: String) -> String {
        switch values[key] {
        case .string(let value)
        where value.utf8.count == 4 && value.utf8.allSatisfy(Self.isHexDigit):
            return value.lowercased()
        case .string(let value): refuse(key, "'\(value)' is not four hex digits")
        case .none: refuse(key, "missing; expected four hex digits")
        case .some(let other):
            refuse(key, "expected four hex digits, found \(Self.kind(other)); put it in quotes")
        }
        return "0000"
    }

    /// A count, or true for all and false for none.
    mutating func countOrAll(_ key: String, of total: Int) -> Int {
        if case .bool(let all)? = values[key] { return all ? total : 0 }
        return integer(key, in: 0...total, default: 0)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        Character(UnicodeScalar(byte)).isHexDigit
    }

    /// What a message calls a value: in YAML's words.
    private static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "nothing"
        case .string: "text"
        case .object: "a map"
        case .bool, .integer, .number, .array: value.typeName
        }
    }
}
