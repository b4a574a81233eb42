/// A decoded value of a `device_spec`, as YAML and other readers give it.
public indirect enum SpecValue: Sendable, Equatable {
    /// Nothing.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number. Ids must be text, as `0101` and `0x101` are numbers that lost their form.
    case integer(Int64)
    /// Text.
    case text(String)
    /// A list.
    case list([SpecValue])
    /// An object; its members in the order written, so that duplicates can be told.
    case object([Member])

    /// A key with its value.
    public struct Member: Sendable, Equatable {
        /// As written.
        public var key: String
        /// What is said of it.
        public var value: SpecValue

        /// `key: value`.
        public init(_ key: String, _ value: SpecValue) {
            self.key = key
            self.value = value
        }
    }
}

/// A value with its place in the text; nil for trees that were decoded elsewhere.
struct SpecNode: Sendable {
    var position: SpecPosition?
    var content: Content

    indirect enum Content: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case text(String)
        case list([SpecNode])
        case object([Member])
    }

    struct Member: Sendable {
        var key: String
        var position: SpecPosition?
        var value: SpecNode
    }

    init(_ content: Content, at position: SpecPosition? = nil) {
        self.content = content
        self.position = position
    }

    init(decoded value: SpecValue) {
        self.init(Self.content(value))
    }

    private static func content(_ value: SpecValue) -> Content {
        switch value {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .text(let text): .text(text)
        case .list(let values): .list(values.map { SpecNode(decoded: $0) })
        case .object(let members):
            .object(members.map { Member(key: $0.key, value: SpecNode(decoded: $0.value)) })
        }
    }

    /// The value for messages: what it is, and how it reads when that is short.
    var shown: String {
        switch content {
        case .null: "null"
        case .bool(let flag): "the boolean \(flag)"
        case .integer(let number): "the number \(number)"
        case .text(let text): Self.shown(text)
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// Text between quotes, cut off where it is long, without what would move a cursor.
    static func shown(_ text: String) -> String {
        let visible = text.unicodeScalars.prefix(SpecLimits.shownLengthMax).map { scalar in
            let category = scalar.properties.generalCategory
            let hides = category == .control || category == .format
            return hides ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        let isLong = text.unicodeScalars.count > SpecLimits.shownLengthMax
        return "'" + visible.joined() + (isLong ? "..." : "") + "'"
    }
}
