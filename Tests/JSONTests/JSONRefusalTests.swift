import JSON
import Testing

/// What is not JSON, where that shows, and what reading costs.
@Suite struct JSONRefusalTests {
    struct Broken: Sendable, CustomTestStringConvertible {
        var bytes: [UInt8]
        var offset: Int
        var says: String
        var testDescription: String { String(decoding: bytes.prefix(64), as: UTF8.self) }

        init(_ text: String, _ offset: Int, _ says: String) {
            self.init(Array(text.utf8), offset, says)
        }

        init(_ bytes: [UInt8], _ offset: Int, _ says: String) {
            self.bytes = bytes
            self.offset = offset
            self.says = says
        }
    }

    private static func error(_ bytes: [UInt8], _ limits: JSONLimits = .init()) -> JSONError? {
        do {
            _ = try JSONValue(parsing: bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private static let end = "found the end of the text, expected "

    static let structure = [
        Broken("", 0, end + "a value"), Broken("  ", 2, end), Broken("{", 1, end + "a key"),
        Broken("[", 1, end + "a value"), Broken("[1", 2, end + "',' or ']'"),
        Broken("[1,", 3, end + "a value"), Broken(#"{"a"#, 3, end + "the '\"' that ends"),
        Broken(#"{"a""#, 4, end + "':'"), Broken(#"{"a":"#, 5, end + "a value"),
        Broken(#"{"a":1"#, 6, end + "',' or '}'"), Broken(#"{"a":1,"#, 7, end + "a key"),
        Broken(#"{"a":1,}"#, 7, "found '}', expected a key"), Broken("[1,]", 3, "found ']'"),
        Broken("[,1]", 1, "found ',', expected a value"), Broken("[1 2]", 3, "found '2'"),
        Broken("]", 0, "found ']'"), Broken("[}", 1, "found '}', expected a value"),
        Broken("{]", 1, "found ']', expected a key"), Broken("[1}", 2, "found '}'"),
        Broken(#"{"a" 1}"#, 5, "found '1', expected ':'"), Broken("{a:1}", 1, "found 'a'"),
        Broken("{'a':1}", 1, "found '''"), Broken("{1:1}", 1, "found '1'"),
        Broken("{}{}", 2, "found '{', expected the end"), Broken("[1] 2", 4, "found '2'"),
        Broken("1,2", 1, "found ',', expected the end"), Broken("{} // a", 3, "found '/'"),
        Broken("nul", 0, "found 'n'"), Broken("True", 0, "found 'T'"), Broken("trues", 4, "'s'"),
        Broken("[NaN]", 1, "found 'N'"), Broken("[Infinity]", 1, "found 'I'"),
        Broken("\u{feff}{}", 0, "found a byte order mark"), Broken("\u{0}", 0, #"found '\u{0}'"#),
        Broken("[1]\u{0}", 3, #"found '\u{0}', expected the end"#), Broken("é", 0, "found 'é'"),
        Broken("\u{a0}1", 0, "found '\u{a0}'"), Broken("\u{2028}", 0, #"found '\u{2028}'"#),
    ]

    static let scalars = [
        Broken("-", 1, end + "a digit"), Broken("-x", 1, "found 'x'"), Broken("+1", 0, "'+'"),
        Broken(".5", 0, "found '.'"), Broken("1.", 2, end), Broken("[1.]", 3, "found ']'"),
        Broken("1e", 2, end), Broken("1e+", 3, end), Broken("1.e1", 2, "found 'e'"),
        Broken("0x1", 1, "found 'x', expected the end"), Broken("1_000", 1, "found '_'"),
        Broken("01", 0, "found '01', expected a number without zeros"),
        Broken("[-007.5]", 1, "found '-007', expected"), Broken("00", 0, "found '00'"),
        Broken("1e400", 0, "found '1e400', expected a number that fits"),
        Broken("[-1e99999999999999999999]", 1, "found '-1e99999999999999999999'"),
        Broken("\"a\tb\"", 2, #"found '\u{9}', expected an escape sequence"#),
        Broken("\"a\nb\"", 2, #"found '\u{a}'"#), Broken("\"\u{0}\"", 1, #"found '\u{0}'"#),
        Broken(#""\x""#, 2, #"found 'x', expected one of " \ / b f n r t u"#),
        Broken(#""a\"#, 3, end), Broken(#""\u00g0""#, 5, "found 'g', expected four hex digits"),
        Broken(#""\u00"#, 5, end), Broken(#""\u+123""#, 3, "found '+'"),
        Broken(#""\ud83d""#, 1, "found half of a surrogate pair"),
        Broken(#""\ud83dx""#, 1, "half of"), Broken(#""\ud83d\n""#, 1, "half of"),
        Broken(#""\ud83d\u0041""#, 1, "half of"), Broken(#""\ude00\ud83d""#, 1, "half of"),
        Broken(#""\ud83d\ud83d""#, 1, "half of"), Broken(#""\ud83d\u00g0""#, 11, "found 'g'"),
        Broken(#"{"a":1,"b":2,"a":3}"#, 13, "the key 'a' is there twice"),
        Broken(#"{"a":1,"\u0061":3}"#, 7, "the key 'a' is there twice"),
        Broken("[0,{\"\":[],\"\":1}]", 10, "the key '' is there twice"),
    ]

    /// UTF-8 that is cut off, too long, a surrogate, beyond Unicode, or no UTF-8 at all.
    static let encodings: [Broken] = [
        [0xFF], [0x80], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xE2, 0x82],
        [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88],
    ].flatMap { (wrong: [UInt8]) -> [Broken] in
        let quoted = Array("[\"é".utf8) + wrong + Array("\"]".utf8)
        let escaped = Array("[\"é\\n".utf8) + wrong + Array("\\u00e9\"]".utf8)
        return [
            Broken(quoted, 4, "found a byte that is not UTF-8"),
            Broken(escaped, 6, "found a byte that is not UTF-8"),
            Broken(wrong, 0, "found the byte 0x\(String(wrong[0], radix: 16)), expected a value"),
        ]
    }

    @Test(arguments: structure + scalars + encodings)
    func isToldWhereAndWhy(broken: Broken) throws {
        let error = try #require(Self.error(broken.bytes))
        #expect(error.offset == broken.offset)
        #expect("\(error)".contains(broken.says), "\(error)")
    }

    @Test func theNinthKeyIsComparedLikeTheSecond() throws {
        let keys = (0..<40).map { #""k\#($0)":0"# }
        for (index, key) in keys.enumerated() {
            let text = "{" + (keys + [key]).joined(separator: ",") + "}"
            let error = try #require(Self.error(Array(text.utf8)))
            guard case .duplicateKey("k\(index)", _) = error else {
                Issue.record("found \(error)")
                return
            }
        }
    }

    @Test func whatIsCutOffAnywhereIsRefused() {
        let whole = Array(
            #"{"a": [1.5e1, true, null, "é\u00e9\ud83d\ude00\n"], "b": {"c": -2}}"#.utf8)
        #expect(Self.error(whole) == nil)
        for length in 0..<whole.count {
            #expect(Self.error(Array(whole.prefix(length))) != nil, "\(length) bytes")
        }
    }

    @Test func anErrorIsExplainedWithItsPlace() throws {
        let bytes = Array("{\n  \"é\": 1,\n  \"ü\" 2}".utf8)
        let error = try #require(Self.error(bytes))
        #expect(error.explained(in: bytes) == "line 3, column 7: found '2', expected ':'")
        let first = Array("[x".utf8)
        #expect(
            Self.error(first)?.explained(in: first).hasPrefix("column 2: found 'x'") == true)
        let long = Array(
            #"{"\#(String(repeating: "k", count: 99))":1,"k\u001b":1,"k\u001b":1}"#.utf8)
        #expect(Self.error(long)?.description == #"the key 'k\u{1b}' is there twice"#)
    }
}
