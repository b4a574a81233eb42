import Foundation
import JSON
import Testing

/// The four forms, and that compact is what Foundation's encoder writes.
@Suite struct JSONWritingTests {
    private static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func written(
        _ form: JSONWriter.Form = .compact, _ body: (inout JSONWriter) -> Void
    ) -> String {
        var json = JSONWriter(form)
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func text(_ value: JSONValue, _ form: JSONWriter.Form = .spaced) -> String {
        String(decoding: JSONWriter.encode(value, as: form), as: UTF8.self)
    }

    @Test func textIsEscapedAsByTheEncoder() throws {
        let scalars = (0...0x2FF).compactMap { Unicode.Scalar($0) }
        let others = ["\u{2028}", "\u{FEFF}", "\u{1F600}", "e\u{301}", "\r\n", "", "a/b\\\"c"]
        for text in scalars.map({ "x\($0)y" }) + others {
            #expect(Self.written { $0.string(text) } == (try Self.encoded(text)))
        }
    }

    /// Answers have always had numbers in place of the two rarest short forms.
    @Test func textIsEscapedInAnswers() {
        #expect(
            Self.text(.string("\u{8}\u{c}\n\r\t\"\\/\u{0}\u{1f}\u{7f}é"))
                == #""\u0008\u000c\n\r\t\"\\/\u0000\u001f"# + "\u{7f}é\"")
    }

    @Test func numbersAreWrittenAsByTheEncoder() throws {
        var random = SeededNumbers(seed: 20_260_801)
        let fixed: [Double] = [0, -0.0, 1, -1, 0.1, 1e15, 1e16, 1e17, 1e-7, .pi, 811_000_000.25]
        let drawn = (0..<2_000).map { _ in Double(bitPattern: random.next()) }
        for number in (fixed + drawn).filter(\.isFinite) {
            let text = Self.written { $0.number(number) }
            #expect(text == (try Self.encoded(number)), "\(number.bitPattern)")
            #expect(try JSONDecoder().decode(Double.self, from: Data(text.utf8)) == number)
        }
        for number in [Int.min, -1, 0, 7, Int.max] {
            #expect(Self.written { $0.number(number) } == (try Self.encoded(number)))
        }
        #expect(Self.text(.number(1)) == "1.0")
        #expect(Self.text(.number(1), .canonical) == "1")
    }

    @Test func partsNest() {
        let body = { (json: inout JSONWriter) in
            json.object { json in
                json.key("a")
                json.array([1, 2])
                json.key("b")
                json.array([])
                json.key("c\"" as String)
                json.object { _ in }
                json.key("d")
                json.array([true, false]) { $0.bool($1) }
                json.key("e")
                json.null()
            }
        }
        let compact = #"{"a":[1,2],"b":[],"c\"":{},"d":[true,false],"e":null}"#
        #expect(Self.written(.compact, body) == compact)
        #expect(Self.written(.canonical, body) == compact)
        #expect(
            Self.written(.spaced, body)
                == #"{"a": [1, 2], "b": [], "c\"": {}, "d": [true, false], "e": null}"#)
    }

    @Test func membersKeepTheirOrderOrAreSorted() {
        let value: JSONValue = ["z": 1, "a": [true, nil], "é": "t", "B": ["d": 1, "c": 2]]
        #expect(
            Self.text(value) == #"{"z": 1, "a": [true, null], "é": "t", "B": {"d": 1, "c": 2}}"#)
        #expect(
            Self.text(value, .compact) == #"{"z":1,"a":[true,null],"é":"t","B":{"d":1,"c":2}}"#)
        #expect(
            Self.text(value, .canonical) == #"{"B":{"c":2,"d":1},"a":[true,null],"z":1,"é":"t"}"#)
    }

    @Test func indentedIsForPeople() {
        let value: JSONValue = ["b": [1, "x\n"], "a": nil, "c": [:], "d": [], "e": ["z": [[]]]]
        #expect(
            Self.text(value, .indented) == """
                {
                  "a": null,
                  "b": [
                    1,
                    "x\\n"
                  ],
                  "c": {},
                  "d": [],
                  "e": {
                    "z": [
                      []
                    ]
                  }
                }
                """)
        #expect(Self.text(1, .indented) == "1")
        #expect(Self.text([], .indented) == "[]")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatJSONCannotHoldBecomeNull(number: Double) {
        for form in [JSONWriter.Form.compact, .canonical, .spaced, .indented] {
            var json = JSONWriter(form)
            json.array([1, number]) { $0.number($1) }
            #expect(!json.isValid)
            #expect(String(decoding: json.bytes, as: UTF8.self).contains("null"))
        }
    }
}
