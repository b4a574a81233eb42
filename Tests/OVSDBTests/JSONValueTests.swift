import Testing

@testable import OVSDB

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("null", JSONValue.null),
        ("true", .boolean(true)),
        ("false", .boolean(false)),
        ("0", .integer(0)),
        ("1", .integer(1)),
        ("-9223372036854775808", .integer(.min)),
        ("9223372036854775807", .integer(.max)),
        ("1.5", .real(1.5)),
        ("\"a/b\\n\"", .string("a/b\n")),
        ("\"é\"", .string("é")),
        ("[]", .array([])),
        (
            "[1,[true,\"x\"],null]",
            .array([.integer(1), .array([.boolean(true), .string("x")]), .null])
        ),
        ("{}", .object([:])),
        (
            "{\"a\":{\"b\":[]},\"c\":2}",
            .object(["a": .object(["b": .array([])]), "c": .integer(2)])
        ),
    ])
    func roundTrip(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == value)
        #expect(String(decoding: try value.serialized(), as: UTF8.self) == text)
    }

    @Test func integerBeyond64BitsIsReal() throws {
        let value = try JSONValue(parsing: "9223372036854775808".utf8)
        #expect(value == .real(9_223_372_036_854_775_808))
    }

    @Test(arguments: ["", "{", "{\"a\":}", "[1", "tru", "{\"a\" 1}", "\u{0}"])
    func malformed(text: String) {
        #expect(throws: OVSDBError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func tooDeepIsAnErrorAndNoCrash() {
        let depth = 100_000
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: OVSDBError.self) { try JSONValue(parsing: text.utf8) }
    }

    @Test func infinityCannotBeWritten() {
        #expect(throws: OVSDBError.self) { try JSONValue.real(.infinity).serialized() }
    }

    @Test func accessorsOfOtherKinds() {
        #expect(JSONValue.null.members == nil)
        #expect(JSONValue.object([:]).elements == nil)
        #expect(JSONValue.integer(1).text == nil)
    }
}
