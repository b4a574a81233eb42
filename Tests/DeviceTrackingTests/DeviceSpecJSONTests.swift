import JSON
import Testing

@testable import DeviceTracking

@Suite struct DeviceSpecJSONTests {
    /// The text of one JSON text, read.
    private func text(_ json: String) throws -> String? {
        guard case .text(let text) = try SpecJSONReader.read(json, entry: 0).content else {
            return nil
        }
        return text
    }

    @Test(arguments: [
        (#""""#, ""), (#""06""#, "06"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\uDE00""#, "😀"), ("\"😀é\"", "😀é"),
        (#""\u0000""#, "\u{0}"), ("  \"a\" \n\t\r ", "a"), (#""\ud800\udc00""#, "\u{10000}"),
        (#""\udbff\udfff""#, "\u{10ffff}"), ("\"\u{7f}\u{2028}\"", "\u{7f}\u{2028}"),
    ])
    func texts(json: String, text: String) throws {
        #expect(try self.text(json) == text)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("17", 17), ("-17", -17), ("9223372036854775807", Int64.max),
        ("-9223372036854775808", Int64.min),
    ])
    func wholeNumbers(json: String, number: Int64) throws {
        guard case .integer(number) = try SpecJSONReader.read(json, entry: 0).content else {
            Issue.record("not \(number)")
            return
        }
    }

    /// A text that is not JSON, the column where that shows, what stands there.
    struct Broken: Sendable, CustomTestStringConvertible {
        var json: String
        var column: Int
        var found: String
        var entry = 0
        var testDescription: String { json }

        init(_ json: String, _ column: Int, _ found: String, entry: Int = 0) {
            self.json = json
            self.column = column
            self.found = found
            self.entry = entry
        }
    }

    private static let end = "the end of the text"

    @Test(arguments: [
        Broken("", 1, end), Broken("  ", 3, end), Broken("{", 2, end), Broken("[", 2, end),
        Broken("[{},", 5, end, entry: 1), Broken("[{}", 4, end), Broken(#"{"a"#, 4, end),
        Broken(#"{"a""#, 5, end), Broken(#"{"a":"#, 6, end), Broken(#"{"a":1"#, 7, end),
        Broken(#"{"a":1,"#, 8, end), Broken(#""a\"#, 4, end), Broken(#""\u00"#, 6, end),
        Broken("-", 2, end), Broken("\u{feff}{}", 1, "a byte order mark"),
        Broken("{address:1}", 2, "'a'"), Broken("{'a':1}", 2, "'''"), Broken("{1:1}", 2, "'1'"),
        Broken(#"{"a" 1}"#, 6, "'1'"), Broken(#"{"a":1,}"#, 8, "'}'"),
        Broken(#"{"a":1 "b":2}"#, 8, "'\"'"), Broken("[{},]", 5, "']'", entry: 1),
        Broken("[{} {}]", 5, "'{'"), Broken("[{},{},x]", 8, "'x'", entry: 2),
        Broken(#"[{},{"a":[1,2,x]}]"#, 15, "'x'", entry: 1), Broken("{}{}", 3, "'{'"),
        Broken("{},{}", 3, "','"), Broken("{} // a", 4, "'/'"), Broken("/**/{}", 1, "'/'"),
        Broken("tru", 1, "'t'"), Broken("True", 1, "'T'"), Broken("trues", 5, "'s'"),
        Broken("NaN", 1, "'N'"), Broken("+1", 1, "'+'"), Broken("1.5", 2, "'.'"),
        Broken("1e3", 2, "'e'"), Broken("01", 1, "'01'"), Broken("-01", 1, "'-01'"),
        Broken("9223372036854775808", 1, "'9223372036854775808'"), Broken("0x1", 2, "'x'"),
        Broken("\"a\tb\"", 3, #"'\u{9}'"#), Broken("\"a\nb\"", 3, #"'\u{a}'"#),
        Broken(#""\x""#, 3, "'x'"), Broken(#""\u00g0""#, 6, "'g'"),
        Broken(#""\ud83d""#, 2, "half of a surrogate pair"),
        Broken(#""\ud83dx""#, 2, "half of a surrogate pair"),
        Broken(#""\ud83d\n""#, 2, "half of a surrogate pair"),
        Broken(#""\ud83d\u0041""#, 2, "half of a surrogate pair"),
        Broken(#""\ude00\ud83d""#, 2, "half of a surrogate pair"),
        Broken("{\u{a0}}", 2, "'\u{a0}'"), Broken("\u{0}", 1, #"'\u{0}'"#),
    ])
    func whatIsNoJSON(broken: Broken) {
        let error = #expect(throws: DeviceSpecError.self) {
            try SpecJSONReader.read(broken.json, entry: 0)
        }
        guard case .malformed(_, _, let found, let expected)? = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(found == broken.found)
        #expect(error?.position == TextPosition(column: broken.column))
        #expect(error?.entry == broken.entry)
        #expect(!expected.isEmpty)
    }

    @Test func linesAreCounted() {
        let error = #expect(throws: DeviceSpecError.self) {
            try SpecJSONReader.read("[\r\n  {},\n\n  é]", entry: 5)
        }
        #expect(error?.position == TextPosition(line: 4, column: 3))
        #expect(error?.entry == 6)
    }

    @Test(arguments: [
        String(repeating: "[", count: 9), String(repeating: "[", count: 100_000),
        String(repeating: #"{"a":"#, count: 100_000),
        #"{"a":""# + String(repeating: "x", count: 4_097) + #""}"#,
        "{" + (0...64).map { #""k\#($0)":1"# }.joined(separator: ",") + "}",
        String(repeating: " ", count: 1 << 20) + "{}",
        "[" + String(repeating: "1,", count: 1_024) + "1]",
    ])
    func limitsHold(json: String) {
        let error = #expect(throws: DeviceSpecError.self) {
            try SpecJSONReader.read(json, entry: 0)
        }
        guard case .overLimit? = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
    }

    @Test func whatIsJustAllowed() throws {
        let deep = String(repeating: "[", count: 8) + String(repeating: "]", count: 8)
        _ = try SpecJSONReader.read(deep, entry: 0)
        let long = String(repeating: "x", count: 4_096)
        #expect(try text("\"\(long)\"") == long)
        let wide = "{" + (0..<64).map { #""k\#($0)":1"# }.joined(separator: ",") + "}"
        _ = try SpecJSONReader.read(wide, entry: 0)
    }
}
