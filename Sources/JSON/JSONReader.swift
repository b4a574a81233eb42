/// Reads a JSON text (RFC 8259) part by part: strictly, in linear time, without recursion.
///
/// Beyond the grammar it refuses what is not UTF-8, byte order marks, halves of surrogate pairs,
/// numbers that no `Double` holds, and whatever exceeds its ``JSONLimits``. Whole numbers outside
/// 64 bits become ``JSONToken/number(_:)``. Whether a key comes twice is the caller's business;
/// ``JSONValue/init(parsing:limits:)`` refuses that.
public struct JSONReader: Sendable {
    let bytes: [UInt8]
    let limits: JSONLimits
    var index = 0
    private var open: [Container] = []
    private var place = Place.value
    /// Where the last part began, in bytes from 0.
    public private(set) var tokenOffset = 0

    private struct Container {
        let isObject: Bool
        /// Commas passed by.
        var commas = 0
    }

    /// What comes next.
    private enum Place {
        case value, valueOrEnd, key, keyOrEnd, separator
    }

    /// Begins to read `bytes`, which must be one value and nothing else.
    ///
    /// - Throws: ``JSONError/overLimit(_:limit:at:)`` when there are too many of them.
    public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else {
            throw .overLimit(.bytes, limit: limits.bytesMax, at: 0)
        }
        self.bytes = bytes
        self.limits = limits
    }

    /// How many elements of the outermost list or object are behind us.
    public var outermostIndex: Int { open.first?.commas ?? 0 }

    /// How many lists and objects are open.
    public var depth: Int { open.count }

    /// The next part; ``JSONToken/end`` again and again once all is read. After an error the
    /// reader is of no use.
    public mutating func next() throws(JSONError) -> JSONToken {
        skipBlanks()
        if place == .separator {
            guard let container = open.last else {
                tokenOffset = index
                guard peek == nil else { throw unexpected(.end) }
                return .end
            }
            if peek == Self.end(of: container) { return close(container) }
            guard take(",") else {
                throw unexpected(container.isObject ? .commaOrEndOfObject : .commaOrEndOfList)
            }
            open[open.count - 1].commas += 1
            place = container.isObject ? .key : .value
            skipBlanks()
        }
        tokenOffset = index
        switch place {
        case .valueOrEnd, .keyOrEnd:
            if let container = open.last, peek == Self.end(of: container) {
                return close(container)
            }
            return place == .keyOrEnd ? try key() : try value()
        case .key: return try key()
        case .value, .separator: return try value()
        }
    }

    // MARK: Structure

    private static func end(of container: Container) -> UInt8 {
        container.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
    }

    private mutating func begin(isObject: Bool) throws(JSONError) -> JSONToken {
        guard open.count < limits.depthMax else {
            throw .overLimit(.depth, limit: limits.depthMax, at: index)
        }
        open.append(Container(isObject: isObject))
        index += 1
        place = isObject ? .keyOrEnd : .valueOrEnd
        return isObject ? .beginObject : .beginList
    }

    private mutating func close(_ container: Container) -> JSONToken {
        tokenOffset = index
        index += 1
        open.removeLast()
        place = .separator
        return container.isObject ? .endObject : .endList
    }

    private mutating func key() throws(JSONError) -> JSONToken {
        guard peek == UInt8(ascii: "\"") else { throw unexpected(.key) }
        let name = try string()
        guard name.utf8.count <= limits.keyBytesMax else {
            throw .overLimit(.keyBytes, limit: limits.keyBytesMax, at: tokenOffset)
        }
        skipBlanks()
        guard take(":") else { throw unexpected(.colon) }
        place = .value
        return .key(name)
    }

    private mutating func value() throws(JSONError) -> JSONToken {
        switch peek {
        case UInt8(ascii: "{"): return try begin(isObject: true)
        case UInt8(ascii: "["): return try begin(isObject: false)
        default: break
        }
        place = .separator
        switch peek {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return try number()
        case let byte? where Self.isDigit(byte): return try number()
        default: return try word()
        }
    }

    private mutating func word() throws(JSONError) -> JSONToken {
        let words: [(StaticString, JSONToken)] = [
            ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
        ]
        for (word, token) in words where starts(with: word) {
            index += word.utf8CodeUnitCount
            return token
        }
        throw unexpected(.value)
    }

    private func starts(with word: StaticString) -> Bool {
        word.withUTF8Buffer { bytes[index...].starts(with: $0) }
    }

    // MARK: Bytes

    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: wanted) else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() {
        while let next = peek, next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 {
            index += 1
        }
    }

    /// The error for what stands here.
    func unexpected(_ expected: JSONExpected) -> JSONError {
        .unexpected(found, expected: expected, at: index)
    }

    private var found: JSONFound {
        guard let byte = peek else { return .end }
        var decoder = Unicode.UTF8.ForwardParser()
        var ahead = bytes[index...].prefix(4).makeIterator()
        guard case .valid(let encoded) = decoder.parseScalar(from: &ahead) else {
            return .byte(byte)
        }
        return .character(Unicode.UTF8.decode(encoded))
    }
}
