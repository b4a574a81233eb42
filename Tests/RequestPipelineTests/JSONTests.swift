import Foundation
import RequestPipeline
import Testing

@Suite struct JSONTests {
    private static func text(_ value: JSONValue) -> String {
        String(decoding: JSONWriter.encode(value), as: UTF8.self)
    }

    static let hostile: [String] = [
        "", "\"", "\\", "\\\"", "\n\r\t", "\u{0}\u{1}\u{1f}\u{7f}", "</script>", "\u{2028}\u{2029}",
        "é e\u{301} ß 漢字 🏳️‍🌈", "\u{FFFF}\u{10FFFF}", "a/b", "\u{8}\u{c}",
        String(repeating: "\"\\", count: 5_000),
    ]

    /// A byte order mark too, which Foundation's older reader drops.
    @Test(arguments: hostile + ["\u{FEFF}bom"])
    func everyTextComesBackAsItWas(text: String) throws {
        let value: JSONValue = [text: .string(text)]
        let parsed = try JSONValue(parsing: JSONWriter.encode(value))
        guard case .object(let members) = parsed, case .string(let back)? = members.first?.value
        else {
            Issue.record("found \(parsed)")
            return
        }
        #expect(Array(back.unicodeScalars) == Array(text.unicodeScalars))
        #expect(Array(members[0].key.unicodeScalars) == Array(text.unicodeScalars))
    }

    @Test(arguments: hostile)
    func foundationReadsEveryText(text: String) throws {
        let bytes = JSONWriter.encode([.string(text)])
        let read = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String]
        #expect(read?.first.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    }

    @Test(arguments: [
        JSONValue.null, true, false, 0, -1, .integer(.max), .integer(.min), .number(0.5),
        .number(-1.25e300), [], [:], [nil, [1, [2, [:]]]], ["a": ["b": ["c": []]]],
    ])
    func valuesComeBackAsTheyWere(value: JSONValue) throws {
        #expect(try JSONValue(parsing: JSONWriter.encode([value])) == [value])
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatJSONCannotHoldBecomeNull(number: Double) {
        #expect(Self.text(.number(number)) == "null")
    }

    @Test func objectsKeepTheOrderTheyWereBuiltIn() {
        let value: JSONValue = ["z": 1, "a": [true, nil], "m": "t"]
        #expect(Self.text(value) == #"{"z": 1, "a": [true, null], "m": "t"}"#)
    }

    @Test(arguments: [
        "", "{", "[,1]", "{\"a\" 1}", "nul", "{'a': 1}", "[1] 2", "\"\\x\"", "\u{0}",
        "[NaN]", "{\"a\": }",
    ])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: (any Error).self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func deepNestingIsRefusedAndDoesNotOverflow() {
        let deep = Array(repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: (any Error).self) { try JSONValue(parsing: deep) }
    }

    @Test func bytesThatAreNoUTF8AreRefused() {
        #expect(throws: (any Error).self) {
            try JSONValue(parsing: [0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d])
        }
    }

    @Test(arguments: [
        ("1", JSONValue.integer(1)), ("-0", .integer(0)), ("1.0", .integer(1)),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
        ("1.5", .number(1.5)), ("true", .bool(true)),
    ])
    func numbersAreReadByWhatTheyHold(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array("[\(text)]".utf8)) == [value])
    }
}
