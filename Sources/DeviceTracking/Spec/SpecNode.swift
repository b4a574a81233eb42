import JSON

/// A value with its place in the text; nil for trees that were decoded elsewhere.
struct SpecNode: Sendable {
    var position: TextPosition?
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
        var position: TextPosition?
        var value: SpecNode
    }

    init(_ content: Content, at position: TextPosition? = nil) {
        self.content = content
        self.position = position
    }

    /// A value that another reader has decoded, such as YAML's. Ids must be text there too, as
    /// `0101` and `0x101` are numbers that lost their form.
    init(decoded value: JSONValue) {
        self.init(Self.content(value))
    }

    private static func content(_ value: JSONValue) -> Content {
        switch value {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        // No key takes a fraction: as a text it is refused and shown.
        case .number(let number): .text("\(number)")
        case .string(let text): .text(text)
        case .array(let values): .list(values.map { SpecNode(decoded: $0) })
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
