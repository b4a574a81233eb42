/// Reads one value's JSON text (RFC 8259), strictly and with the place of each part.
///
/// Foundation's reader would do neither: it knows no columns and lets the last of two equal keys
/// win. Beyond the grammar, fractions are refused, as no key takes one, and so are lone
/// surrogates and a byte order mark.
struct SpecJSONReader {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0
    private var depth = 0
    /// Number of the entry that is being read; items of the outermost list are entries.
    private var entry: Int

    private init(_ text: String, entry: Int) {
        scalars = Array(text.unicodeScalars)
        self.entry = entry
    }

    /// The value of all of `text`, whose first entry has the number `entry`.
    static func read(_ text: String, entry: Int) throws(DeviceSpecError) -> SpecNode {
        guard text.utf8.count <= SpecLimits.textBytesMax else {
            throw .overLimit(
                entry: entry, at: SpecPosition(column: 1),
                what: "the text has \(text.utf8.count) bytes", limit: SpecLimits.textBytesMax)
        }
        var reader = SpecJSONReader(text, entry: entry)
        reader.skipBlanks()
        let node = try reader.value()
        reader.skipBlanks()
        guard reader.peek == nil else {
            throw reader.malformed(expected: "the end of the text")
        }
        return node
    }

    // MARK: Characters

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private var position: SpecPosition { position(of: index) }

    /// Only for places in the line that is being read: texts have no line feeds in JSON.
    private func position(of index: Int) -> SpecPosition {
        SpecPosition(line: line, column: index - lineStart + 1)
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == wanted else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() {
        while let next = peek, next == " " || next == "\t" || next == "\r" || next == "\n" {
            index += 1
            if next == "\n" {
                line += 1
                lineStart = index
            }
        }
    }

    private func malformed(expected: String) -> DeviceSpecError {
        .malformed(entry: entry, at: position, found: found, expected: expected)
    }

    /// What stands here.
    private var found: String {
        guard let next = peek else { return "the end of the text" }
        if next == "\u{feff}" { return "a byte order mark" }
        return SpecNode.shown(String(next))
    }

    // MARK: Values

    private mutating func value() throws(DeviceSpecError) -> SpecNode {
        let start = position
        switch peek {
        case "{": return SpecNode(try nested(Self.object), at: start)
        case "[": return SpecNode(try nested(Self.list), at: start)
        case "\"": return SpecNode(.text(try text()), at: start)
        case "-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
            return SpecNode(.integer(try number()), at: start)
        default: return SpecNode(try word(), at: start)
        }
    }

    /// Reads one level deeper.
    private mutating func nested(
        _ read: (inout SpecJSONReader) throws(DeviceSpecError) -> SpecNode.Content
    ) throws(DeviceSpecError) -> SpecNode.Content {
        guard depth < SpecLimits.depthMax else {
            throw .overLimit(
                entry: entry, at: position, what: "lists and objects lie too deep",
                limit: SpecLimits.depthMax)
        }
        depth += 1
        index += 1
        let content = try read(&self)
        depth -= 1
        return content
    }

    private static func list(
        _ reader: inout SpecJSONReader
    ) throws(DeviceSpecError) -> SpecNode.Content {
        let firstEntry = reader.entry
        var items: [SpecNode] = []
        reader.skipBlanks()
        if reader.take("]") { return .list(items) }
        while true {
            guard items.count < SpecLimits.entriesMax else {
                throw .overLimit(
                    entry: reader.entry, at: reader.position, what: "the list is too long",
                    limit: SpecLimits.entriesMax)
            }
            reader.skipBlanks()
            items.append(try reader.value())
            reader.skipBlanks()
            if reader.take("]") { break }
            guard reader.take(",") else { throw reader.malformed(expected: "',' or ']'") }
            if reader.depth == 1 { reader.entry += 1 }
        }
        reader.entry = firstEntry
        return .list(items)
    }

    private static func object(
        _ reader: inout SpecJSONReader
    ) throws(DeviceSpecError) -> SpecNode.Content {
        var members: [SpecNode.Member] = []
        reader.skipBlanks()
        if reader.take("}") { return .object(members) }
        while true {
            guard members.count < SpecLimits.membersMax else {
                throw .overLimit(
                    entry: reader.entry, at: reader.position, what: "the object has more keys",
                    limit: SpecLimits.membersMax)
            }
            reader.skipBlanks()
            let start = reader.position
            guard reader.peek == "\"" else {
                throw reader.malformed(expected: "a key in double quotes")
            }
            let key = try reader.text()
            reader.skipBlanks()
            guard reader.take(":") else { throw reader.malformed(expected: "':'") }
            reader.skipBlanks()
            members.append(.init(key: key, position: start, value: try reader.value()))
            reader.skipBlanks()
            if reader.take("}") { return .object(members) }
            guard reader.take(",") else { throw reader.malformed(expected: "',' or '}'") }
        }
    }

    private mutating func word() throws(DeviceSpecError) -> SpecNode.Content {
        let words: [(String, SpecNode.Content)] = [
            ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
        ]
        for (word, content) in words {
            let end = index + word.unicodeScalars.count
            guard end <= scalars.count, scalars[index..<end].elementsEqual(word.unicodeScalars)
            else { continue }
            index = end
            return content
        }
        throw malformed(expected: "a value: an object, a list, a text in double quotes")
    }

    /// A whole number that fits 64 bits.
    private mutating func number() throws(DeviceSpecError) -> Int64 {
        let start = index
        _ = take("-")
        let first = index
        while let digit = peek, ("0"..."9").contains(digit) { index += 1 }
        guard index > first else { throw malformed(expected: "a digit") }
        let isPadded = scalars[first] == "0" && index > first + 1
        if let next = peek, [".", "e", "E"].contains(next) {
            throw malformed(expected: "a whole number, or a text in double quotes")
        }
        let digits = String(String.UnicodeScalarView(scalars[start..<index]))
        guard !isPadded, let value = Int64(digits) else {
            throw .malformed(
                entry: entry, at: position(of: start), found: SpecNode.shown(digits),
                expected: "a number without leading zeros that fits 64 bits, or a text in double"
                    + " quotes")
        }
        return value
    }

    // MARK: Texts

    private mutating func text() throws(DeviceSpecError) -> String {
        let start = position
        index += 1
        var result = String.UnicodeScalarView()
        while true {
            guard let next = peek, next.value >= 0x20 else {
                throw malformed(
                    expected: peek == nil ? "the '\"' that ends the text" : "an escape sequence")
            }
            if result.count >= SpecLimits.stringLengthMax, next != "\"" {
                throw .overLimit(
                    entry: entry, at: start, what: "the text has more characters",
                    limit: SpecLimits.stringLengthMax)
            }
            index += 1
            switch next {
            case "\"": return String(result)
            case "\\": result.append(try escape())
            default: result.append(next)
            }
        }
    }

    /// What stands behind a `\`.
    private mutating func escape() throws(DeviceSpecError) -> Unicode.Scalar {
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r",
            "t": "\t",
        ]
        if let next = peek, let meant = plain[next] {
            index += 1
            return meant
        }
        let start = index - 1
        guard take("u") else { throw malformed(expected: "one of \" \\ / b f n r t u") }
        let high = try hexFour()
        if let scalar = Unicode.Scalar(high) { return scalar }
        // Characters beyond the basic plane are two escapes: high surrogate, low surrogate.
        if high < 0xdc00, take("\\"), take("u") {
            let low = try hexFour()
            if (0xdc00...0xdfff).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
            {
                return scalar
            }
        }
        throw .malformed(
            entry: entry, at: position(of: start), found: "half of a surrogate pair",
            expected: "both halves, the higher first")
    }

    private mutating func hexFour() throws(DeviceSpecError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek.flatMap({ SpecHex.digit($0) }) else {
                throw malformed(expected: "four hex digits")
            }
            index += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
