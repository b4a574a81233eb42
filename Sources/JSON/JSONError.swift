/// Why bytes are not the JSON that is read here. Offsets are in bytes, from 0.
public enum JSONError: Error, Sendable, Equatable {
    /// Something stands where the grammar has no place for it.
    case unexpected(JSONFound, expected: JSONExpected, at: Int)
    /// A byte inside a text that continues no UTF-8.
    case invalidUTF8(at: Int)
    /// An escape for one half of a surrogate pair without the other half.
    case loneSurrogate(at: Int)
    /// A number with zeros in front, such as `007`, as written.
    case leadingZero(String, at: Int)
    /// A number beyond the greatest that 64 bits can hold with a binary point, as written.
    case numberOutOfRange(String, at: Int)
    /// A member's name that its object has already.
    case duplicateKey(String, at: Int)
    /// More of something than ``JSONLimits`` allow.
    case overLimit(JSONQuantity, limit: Int, at: Int)

    /// Where it is wrong, in bytes from 0.
    public var offset: Int {
        switch self {
        case .unexpected(_, _, let offset), .invalidUTF8(let offset), .loneSurrogate(let offset),
            .leadingZero(_, let offset), .numberOutOfRange(_, let offset),
            .duplicateKey(_, let offset), .overLimit(_, _, let offset):
            offset
        }
    }

    /// The whole sentence without its full stop: the place in `bytes`, what was found there and
    /// what was expected.
    public func explained(in bytes: some Collection<UInt8>) -> String {
        "\(TextPosition(of: offset, in: bytes)): \(self)"
    }
}

/// What stands where it should not.
public enum JSONFound: Sendable, Equatable {
    /// Nothing more.
    case end
    /// A character that is whole.
    case character(Unicode.Scalar)
    /// A byte that begins no character.
    case byte(UInt8)
}

/// What the grammar has a place for.
public enum JSONExpected: String, Sendable {
    /// Any value.
    case value = "a value: an object, a list, a text in double quotes"
    /// The name of a member.
    case key = "a key in double quotes"
    /// What separates name and value.
    case colon = "':'"
    /// The list goes on or ends.
    case commaOrEndOfList = "',' or ']'"
    /// The object goes on or ends.
    case commaOrEndOfObject = "',' or '}'"
    /// The number goes on.
    case digit = "a digit"
    /// The text ends.
    case closingQuote = "the '\"' that ends the text"
    /// Control characters are written as escapes.
    case escapeSequence = "an escape sequence"
    /// What follows a backslash.
    case escape = "one of \" \\ / b f n r t u"
    /// What follows `\u`.
    case hexDigits = "four hex digits"
    /// Nothing more.
    case end = "the end of the text"
}

/// What is counted against a limit.
public enum JSONQuantity: String, Sendable {
    /// Bytes of the whole text.
    case bytes = "the text has more bytes"
    /// Lists and objects inside each other.
    case depth = "lists and objects lie deeper"
    /// Bytes of a member's name.
    case keyBytes = "a key has more bytes"
    /// Bytes of a number.
    case numberBytes = "a number has more bytes"
}

extension JSONError: CustomStringConvertible {
    /// What is wrong, without the place.
    public var description: String {
        switch self {
        case .unexpected(let found, let expected, _):
            "found \(found), expected \(expected.rawValue)"
        case .invalidUTF8: "found a byte that is not UTF-8, expected text in UTF-8"
        case .loneSurrogate:
            "found half of a surrogate pair, expected both halves, the higher first"
        case .leadingZero(let number, _):
            "found \(Self.shown(number)), expected a number without zeros in front"
        case .numberOutOfRange(let number, _):
            "found \(Self.shown(number)), expected a number that fits a 64-bit float"
        case .duplicateKey(let key, _): "the key \(Self.shown(key)) is there twice"
        case .overLimit(let quantity, let limit, _):
            "\(quantity.rawValue) than the limit of \(limit)"
        }
    }

    /// Text between quotes, cut off where it is long, without what would move a cursor.
    private static func shown(_ text: String) -> String {
        let shownMax = 64
        let scalars = text.unicodeScalars.prefix(shownMax + 1)
        let visible = scalars.prefix(shownMax).map(JSONFound.visible)
        return "'" + visible.joined() + (scalars.count > shownMax ? "..." : "") + "'"
    }
}

extension JSONFound: CustomStringConvertible {
    /// As it stands in a message.
    public var description: String {
        switch self {
        case .end: "the end of the text"
        case .character("\u{feff}"): "a byte order mark"
        case .character(let scalar): "'\(Self.visible(scalar))'"
        case .byte(let byte): "the byte 0x\(String(byte, radix: 16))"
        }
    }

    /// The character, or its number when it has no shape of its own.
    fileprivate static func visible(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(scalar)
        }
    }
}
