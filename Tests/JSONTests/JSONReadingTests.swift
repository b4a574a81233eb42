import JSON
import Testing

/// What is JSON and what it holds.
@Suite struct JSONReadingTests {
    private static func read(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    static let values: [(String, JSONValue)] = [
        ("null", JSONValue.null), ("true", true), ("false", false), ("[]", []), ("{}", [:]),
        (" \t\r\n[ 1 , 2 ] \n", [1, 2]), ("[[],{},\"\"]", [[], [:], ""]),
        (#"{"b":1,"a":[true,"x"],"":null}"#, ["b": 1, "a": [true, "x"], "": nil]),
        (#"{"a":{"b":[]},"c":2}"#, ["a": ["b": []], "c": 2]),
        ("{\"é\":1,\"e\u{301}\":2}", .object([.init("é", 1), .init("e\u{301}", 2)])),
    ]

    @Test(arguments: values)
    func valuesAreReadInOrder(text: String, value: JSONValue) throws {
        #expect(try Self.read(text) == value)
    }

    @Test(arguments: [
        (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\uDE00""#, "😀"), ("\"😀é\"", "😀é"),
        (#""a\u0000b""#, "a\u{0}b"), (#""\ud800\udc00""#, "\u{10000}"),
        (#""\udbff\udfff""#, "\u{10ffff}"), ("\"\u{7f}\u{2028}\"", "\u{7f}\u{2028}"),
        (#""x\u00e9é\n""#, "xéé\n"), ("\"\u{feff}\"", "\u{feff}"), (#""\ufffe""#, "\u{fffe}"),
    ])
    func textsAreReadToTheScalar(text: String, expected: String) throws {
        let found = try #require(try Self.read(text).text)
        #expect(Array(found.unicodeScalars) == Array(expected.unicodeScalars))
    }

    /// `1.0` is an integer to JSON Schema; a number that is too great for one is a number.
    @Test(arguments: [
        ("0", JSONValue.integer(0)), ("-0", .integer(0)), ("7", .integer(7)),
        ("1.0", .integer(1)), ("-2.50e1", .integer(-25)), ("1E+3", .integer(1_000)),
        ("-0.0", .integer(0)), ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(0x1p63)),
        ("-9223372036854775809", .number(-0x1p63)),
        ("18446744073709551616", .number(0x1p64)), ("1e300", .number(1e300)),
        ("9007199254740993.0", .integer(1 << 53)), ("1e18", .integer(1_000_000_000_000_000_000)),
        ("1.5", .number(1.5)), ("-1.25e-3", .number(-0.00125)), ("1e-400", .integer(0)),
        ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
        ("5e-324", .number(.leastNonzeroMagnitude)),
    ])
    func numbersAreReadByWhatTheyHold(text: String, value: JSONValue) throws {
        #expect(try Self.read("[\(text)]") == [value])
        #expect(try Self.read(text) == value)
    }

    @Test func membersAreFound() throws {
        let value = try Self.read(#"{"a":1,"b":{"c":[null]},"é":2}"#)
        #expect(value["a"] == 1)
        #expect(value["b"]?["c"]?.elements == [nil])
        #expect(value["e\u{301}"] == nil)
        #expect(value["d"] == nil)
        #expect(value.members?.map(\.key) == ["a", "b", "é"])
        #expect(JSONValue.null["a"] == nil && JSONValue.null.members == nil)
        #expect(JSONValue.object([]).elements == nil && JSONValue.integer(1).text == nil)
    }

    /// The parts, where each begins and what is around it.
    @Test func partsComeOneAfterAnother() throws {
        let text = #" {"a": [1, 2.5], "b": "c"}"#
        var reader = try JSONReader(Array(text.utf8))
        var found: [String] = []
        var token = JSONToken.null
        while token != .end {
            token = try reader.next()
            found.append("\(token) \(reader.tokenOffset) \(reader.depth)")
        }
        #expect(
            found == [
                "beginObject 1 1", "key(\"a\") 2 1", "beginList 7 2", "integer(1) 8 2",
                "number(2.5) 11 2", "endList 14 1", "key(\"b\") 17 1", "string(\"c\") 22 1",
                "endObject 25 0", "end 26 0",
            ])
        #expect(try reader.next() == .end)
    }

    @Test func theOutermostElementsAreCounted() throws {
        var reader = try JSONReader(Array("[[1,2],{\"a\":1,\"b\":2},3]".utf8))
        var indexes: [Int] = []
        while try reader.next() != .end { indexes.append(reader.outermostIndex) }
        #expect(indexes == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 0])
    }
}
