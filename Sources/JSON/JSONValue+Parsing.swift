extension JSONValue {
    /// Objects of so few members are searched; that is faster than to hash their keys.
    private static let searchedMembersMax = 8

    /// The one value that `bytes` are, in UTF-8.
    ///
    /// A key that its object has already is an error: readers that take the first and readers that
    /// take the last would see two requests in one. Numbers are told apart by what they hold, not
    /// by how they are written: `1.0` and `1e3` are integers, as in JSON Schema.
    public init(
        parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONError) {
        var reader = try JSONReader(bytes, limits: limits)
        self = try Self.value(reader.next(), &reader)
        // Fails when something follows.
        _ = try reader.next()
    }

    /// The value that begins with `token`. The reader's limit of depth is the limit of recursion.
    private static func value(
        _ token: JSONToken, _ reader: inout JSONReader
    ) throws(JSONError) -> JSONValue {
        switch token {
        case .beginList: .array(try elements(&reader))
        case .beginObject: .object(try members(&reader))
        case .string(let text), .key(let text): .string(text)
        case .integer(let number): .integer(number)
        case .number(let number): whole(number).map { .integer($0) } ?? .number(number)
        case .bool(let flag): .bool(flag)
        case .null, .endList, .endObject, .end: .null
        }
    }

    private static func elements(_ reader: inout JSONReader) throws(JSONError) -> [JSONValue] {
        var elements: [JSONValue] = []
        while true {
            let token = try reader.next()
            if token == .endList { return elements }
            elements.append(try value(token, &reader))
        }
    }

    private static func members(_ reader: inout JSONReader) throws(JSONError) -> [Member] {
        var members: [Member] = []
        var seen: Set<ExactText> = []
        while case .key(let key) = try reader.next() {
            let isThere: Bool
            if members.count < searchedMembersMax {
                isThere = members.contains { ExactText($0.key) == ExactText(key) }
            } else {
                if seen.isEmpty { seen = Set(members.map { ExactText($0.key) }) }
                isThere = !seen.insert(ExactText(key)).inserted
            }
            guard !isThere else { throw .duplicateKey(key, at: reader.tokenOffset) }
            members.append(Member(key, try value(reader.next(), &reader)))
        }
        return members
    }

    /// The integer that `number` is. The least is left out: integers that are less, and too great
    /// in magnitude for 64 bits, are rounded to it.
    private static func whole(_ number: Double) -> Int64? {
        number > Double(Int64.min) ? Int64(exactly: number) : nil
    }
}
