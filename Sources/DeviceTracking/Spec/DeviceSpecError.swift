import JSON

/// What is wrong with a `device_spec`. Entries are counted from 0 over all values; places are those
/// in the value's JSON text, nil for what came as a decoded tree.
public enum DeviceSpecError: Error, Sendable, Equatable {
    /// A text that is not JSON.
    case malformed(entry: Int, at: TextPosition?, found: String, expected: String)
    /// A value that is neither an entry nor a list of entries.
    case notAnEntry(entry: Int, at: TextPosition?, found: String)
    /// A key that the language doesn't have.
    case unknownKey(entry: Int, at: TextPosition?, key: String, nearest: String?)
    /// A key that is there a second time.
    case duplicateKey(entry: Int, at: TextPosition?, key: String)
    /// A key of Nova's language that Millrace has no use for.
    case unsupportedKey(entry: Int, at: TextPosition?, key: String, reason: String)
    /// Two keys that exclude each other.
    case conflictingKeys(entry: Int, at: TextPosition?, key: String, other: String)
    /// A value that can't be what it should be.
    case badValue(
        entry: Int, at: TextPosition?, key: String, found: String, expected: String)
    /// A regular expression that can't be read; its own column is inside the error.
    case badExpression(
        entry: Int, at: TextPosition?, key: String, pattern: String, error: SpecRegexError)
    /// More of something than the limit.
    case overLimit(entry: Int, at: TextPosition?, what: String, limit: Int)
}

extension DeviceSpecError {
    /// The entry, from 0.
    public var entry: Int { place.entry }

    /// Where in the value's text; nil for decoded trees.
    public var position: TextPosition? { place.position }

    /// The column in its line, from 1.
    public var column: Int? { position?.column }

    private var place: (entry: Int, position: TextPosition?) {
        switch self {
        case .malformed(let entry, let position, _, _), .notAnEntry(let entry, let position, _),
            .unknownKey(let entry, let position, _, _), .duplicateKey(let entry, let position, _),
            .unsupportedKey(let entry, let position, _, _),
            .conflictingKeys(let entry, let position, _, _),
            .badValue(let entry, let position, _, _, _),
            .badExpression(let entry, let position, _, _, _),
            .overLimit(let entry, let position, _, _):
            (entry, position)
        }
    }
}

extension DeviceSpecError: CustomStringConvertible {
    /// One or two sentences for the operator: where, what was found, what is expected.
    public var description: String {
        "device_spec entry \(entry)" + (position.map { ", \($0)" } ?? "") + ": " + reason
    }

    private var reason: String {
        switch self {
        case .malformed(_, _, let found, let expected):
            "this is not JSON: found \(found), expected \(expected)."
        case .notAnEntry(_, _, let found):
            "found \(found), expected an object such as {\"vendor_id\": \"15b3\"} or a list of"
                + " objects."
        case .unknownKey(_, _, let key, let nearest):
            "unknown key \(SpecNode.shown(key))."
                + (nearest.map { " Did you mean '\($0)'?" } ?? "")
                + " Known keys: \(DeviceSpecEntry.keys.joined(separator: ", "))."
        case .duplicateKey(_, _, let key):
            "the key \(SpecNode.shown(key)) is there twice; remove one of the two."
        case .unsupportedKey(_, _, let key, let reason):
            "the key '\(key)' is not supported: \(reason)."
        case .conflictingKeys(_, _, let key, let other):
            "'\(key)' and '\(other)' exclude each other; remove one of the two."
        case .badValue(_, _, let key, let found, let expected):
            "'\(key)' is \(found), expected \(expected)."
        case .badExpression(_, _, let key, let pattern, let error):
            "the expression \(SpecNode.shown(pattern)) of '\(key)' can't be used: \(error)."
        case .overLimit(_, _, let what, let limit):
            "\(what), at most \(limit) are allowed; shorten it or split it up."
        }
    }
}
