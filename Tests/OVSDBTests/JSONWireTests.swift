import JSON
import Testing

@testable import OVSDB

@Suite struct JSONWireTests {
    @Test func equalValuesGiveEqualBytes() throws {
        let text = #"{"a/b":[1,-2.5,true,null],"c":{"B":"x\n","b":"é"}}"#
        let value = try JSONValue(message: Array(text.utf8))
        #expect(String(decoding: try value.serialized(), as: UTF8.self) == text)
        let other: JSONValue = ["c": ["b": "é", "B": "x\n"], "a/b": value["a/b"] ?? nil]
        #expect(try other.serialized() == value.serialized())
    }

    @Test func integerBeyond64BitsIsReal() throws {
        let value = try OVSDBValue(json: JSONValue(message: Array("9223372036854775808".utf8)))
        #expect(value == .atom(.real(9_223_372_036_854_775_808)))
    }

    @Test(arguments: ["", "{", "{\"a\":}", "[1", "tru", "{\"a\" 1}", "\u{0}"])
    func malformed(text: String) {
        #expect(throws: OVSDBError.self) { try JSONValue(message: Array(text.utf8)) }
    }

    @Test func tooDeepIsAnErrorThatNamesThePlace() {
        let text = #"{"id":1,"result":"# + String(repeating: "[", count: 100_000)
        let error = #expect(throws: OVSDBError.self) { try JSONValue(message: Array(text.utf8)) }
        #expect(
            error
                == .malformedMessage(
                    detail: "not JSON, in \(text.utf8.count) bytes: column 49: lists and objects"
                        + " lie deeper than the limit of 32"))
    }

    @Test func infinityCannotBeWritten() {
        #expect(throws: OVSDBError.self) { try JSONValue.number(.infinity).serialized() }
    }
}
