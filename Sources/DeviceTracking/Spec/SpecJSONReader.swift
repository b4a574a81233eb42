import JSON

/// Reads one value's JSON text with the place of each part.
///
/// Beyond ``JSONReader``, fractions are refused, as no key takes one, and lists, objects and texts
/// are bounded by ``SpecLimits``. Whether a key comes twice is told where keys are read.
struct SpecJSONReader {
    private let bytes: [UInt8]
    private var reader: JSONReader
    /// The place of the byte at `placedOffset`; places are asked for in the order of the text.
    private var place = TextPosition()
    private var placedOffset = 0
    private let firstEntry: Int
    private var isList = false

    private static let limits = JSONLimits(
        bytesMax: SpecLimits.textBytesMax, depthMax: SpecLimits.depthMax,
        // Scalars have at most four bytes in UTF-8.
        keyBytesMax: SpecLimits.stringLengthMax * 4)

    /// The value of all of `text`, whose first entry has the number `entry`.
    static func read(_ text: String, entry: Int) throws(DeviceSpecError) -> SpecNode {
        let bytes = Array(text.utf8)
        let reader: JSONReader
        do {
            reader = try JSONReader(bytes, limits: limits)
        } catch {
            throw overLimit(
                "the text has \(bytes.count) bytes", SpecLimits.textBytesMax, entry,
                TextPosition())
        }
        var spec = SpecJSONReader(bytes: bytes, reader: reader, firstEntry: entry)
        let node = try spec.value(spec.next())
        _ = try spec.next()
        return node
    }

    private init(bytes: [UInt8], reader: JSONReader, firstEntry: Int) {
        self.bytes = bytes
        self.reader = reader
        self.firstEntry = firstEntry
    }

    // MARK: Places

    /// Number of the entry that is being read; items of the outermost list are entries.
    private var entry: Int { firstEntry + (isList ? reader.outermostIndex : 0) }

    /// The place of the part that was read last.
    private mutating func position() -> TextPosition { position(of: reader.tokenOffset) }

    private mutating func position(of offset: Int) -> TextPosition {
        if offset < placedOffset { (place, placedOffset) = (TextPosition(), 0) }
        place.advance(over: bytes[placedOffset..<offset])
        placedOffset = offset
        return place
    }

    // MARK: Values

    private mutating func next() throws(DeviceSpecError) -> JSONToken {
        do {
            return try reader.next()
        } catch {
            throw refusal(error)
        }
    }

    private mutating func value(_ token: JSONToken) throws(DeviceSpecError) -> SpecNode {
        let start = position()
        let content: SpecNode.Content
        switch token {
        case .beginList:
            if reader.depth == 1 { isList = true }
            content = .list(try items())
        case .beginObject: content = .object(try members())
        case .string(let text), .key(let text):
            content = .text(try bounded(text, at: start))
        case .integer(let number): content = .integer(number)
        case .number: throw notWhole(at: start)
        case .bool(let flag): content = .bool(flag)
        case .null, .endList, .endObject, .end: content = .null
        }
        return SpecNode(content, at: start)
    }

    private mutating func items() throws(DeviceSpecError) -> [SpecNode] {
        var items: [SpecNode] = []
        while true {
            let token = try next()
            if token == .endList { return items }
            guard items.count < SpecLimits.entriesMax else {
                throw Self.overLimit(
                    "the list is too long", SpecLimits.entriesMax, entry, position())
            }
            items.append(try value(token))
        }
    }

    private mutating func members() throws(DeviceSpecError) -> [SpecNode.Member] {
        var members: [SpecNode.Member] = []
        while case .key(let key) = try next() {
            let start = position()
            guard members.count < SpecLimits.membersMax else {
                throw Self.overLimit(
                    "the object has more keys", SpecLimits.membersMax, entry, start)
            }
            let name = try bounded(key, at: start)
            members.append(.init(key: name, position: start, value: try value(next())))
        }
        return members
    }

    private func bounded(
        _ text: String, at start: TextPosition
    ) throws(DeviceSpecError) -> String {
        guard text.unicodeScalars.count <= SpecLimits.stringLengthMax else {
            throw Self.overLimit(
                "the text has more characters", SpecLimits.stringLengthMax, entry, start)
        }
        return text
    }

    // MARK: Refusals

    /// A number with a fraction or an exponent, told where that begins; or one beyond 64 bits.
    private mutating func notWhole(at start: TextPosition) -> DeviceSpecError {
        let first = reader.tokenOffset
        let number = bytes[first...].prefix { Self.numberBytes.contains($0) }
        if let mark = number.firstIndex(where: { Self.markBytes.contains($0) }) {
            return .malformed(
                entry: entry, at: position(of: mark),
                found: SpecNode.shown(String(Unicode.Scalar(bytes[mark]))),
                expected: "a whole number, or a text in double quotes")
        }
        return .malformed(
            entry: entry, at: start,
            found: SpecNode.shown(String(decoding: number, as: UTF8.self)),
            expected: "a number that fits 64 bits, or a text in double quotes")
    }

    private static let markBytes = Set(".eE".utf8)
    private static let numberBytes = Set("-+0123456789.eE".utf8)

    private mutating func refusal(_ error: JSONError) -> DeviceSpecError {
        let place = position(of: error.offset)
        let found: String
        let expected: String
        switch error {
        case .unexpected(.character(let scalar), let wanted, _) where scalar != "\u{feff}":
            (found, expected) = (SpecNode.shown(String(scalar)), wanted.rawValue)
        case .unexpected(let other, let wanted, _):
            (found, expected) = ("\(other)", wanted.rawValue)
        case .invalidUTF8: (found, expected) = ("a byte that is not UTF-8", "text in UTF-8")
        case .loneSurrogate:
            (found, expected) = ("half of a surrogate pair", "both halves, the higher first")
        case .leadingZero(let number, _):
            found = SpecNode.shown(number)
            expected = "a number without leading zeros, or a text in double quotes"
        case .numberOutOfRange(let number, _):
            found = SpecNode.shown(number)
            expected = "a whole number that fits 64 bits, or a text in double quotes"
        case .duplicateKey(let key, _): return .duplicateKey(entry: entry, at: place, key: key)
        case .overLimit(.depth, let limit, _):
            return Self.overLimit("lists and objects lie too deep", limit, entry, place)
        case .overLimit(let quantity, let limit, _):
            return Self.overLimit(quantity.rawValue, limit, entry, place)
        }
        return .malformed(entry: entry, at: place, found: found, expected: expected)
    }

    private static func overLimit(
        _ what: String, _ limit: Int, _ entry: Int, _ place: TextPosition
    ) -> DeviceSpecError {
        .overLimit(entry: entry, at: place, what: what, limit: limit)
    }
}
