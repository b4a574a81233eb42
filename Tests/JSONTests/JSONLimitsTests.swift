import JSON
import Testing

/// Reading is bounded and linear: each text here would take a reader that is quadratic in any of
/// its parts minutes, or overflow the stack of one that recurs.
@Suite struct JSONLimitsTests {
    private static func error(_ text: String, _ limits: JSONLimits = .init()) -> JSONError? {
        do {
            _ = try JSONValue(parsing: Array(text.utf8), limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private static func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")])
    func depthIsBounded(open: String, close: String) {
        let levels = open.count { $0 == "[" || $0 == "{" }
        let limits = JSONLimits(depthMax: 8)
        #expect(Self.error(Self.nested(8 / levels, open, close), limits) == nil)
        let deeper = Self.error(Self.nested(8 / levels + 1, open, close), limits)
        #expect(
            deeper == .overLimit(.depth, limit: 8, at: deeper?.offset ?? 0), "\(open)\(close)")
        let deepest = Self.error(String(repeating: open, count: 1_000_000))
        guard case .overLimit(.depth, JSONLimits.depthMaxDefault, _)? = deepest else {
            Issue.record("found \(String(describing: deepest))")
            return
        }
    }

    @Test func noCallerCanAskForMoreThanTheStackHolds() {
        let limits = JSONLimits(depthMax: .max)
        let most = JSONLimits.depthCeiling
        #expect(limits.depthMax == most)
        #expect(Self.error(Self.nested(most, "[", "]"), limits) == nil)
        #expect(
            Self.error(Self.nested(1_000_000, "[", "]"), limits)
                == .overLimit(.depth, limit: most, at: most))
    }

    @Test func lengthsAreBounded() {
        let limits = JSONLimits(bytesMax: 10, keyBytesMax: 3)
        #expect(Self.error("[1,2,3,4 ]", limits) == nil)
        #expect(Self.error("[1,2,3,4  ]", limits) == .overLimit(.bytes, limit: 10, at: 0))
        #expect(Self.error(#"{"abc":1}"#, limits) == nil)
        #expect(Self.error(#"{"aé€":1}"#) == nil)
        #expect(Self.error(#"[{"abé":1}]"#, .init(keyBytesMax: 3)) != nil)
        #expect(Self.error(#"{"abcd":1}"#, limits) == .overLimit(.keyBytes, limit: 3, at: 1))
        let most = JSONLimits.numberBytesMax
        #expect(Self.error("0." + String(repeating: "3", count: most - 2)) == nil)
        #expect(
            Self.error("[0." + String(repeating: "3", count: most - 1) + "]")
                == .overLimit(.numberBytes, limit: most, at: 1))
    }

    static let large: [(name: String, text: String, isFine: Bool)] = [
        ("members", "{" + (0..<100_000).map { #""k\#($0)":1"# }.joined(separator: ",") + "}", true),
        ("numbers", "[" + String(repeating: "1,", count: 400_000) + "1]", true),
        ("objects", "[" + String(repeating: #"{"a":1},"#, count: 100_000) + "1]", true),
        ("escapes", #"""# + String(repeating: #"\u0041\n"#, count: 100_000) + #"""#, true),
        ("blanks", String(repeating: " ", count: 1_000_000) + "1", true),
        ("digits", String(repeating: "9", count: 1_000_000), false),
        ("fraction", "0." + String(repeating: "9", count: 1_000_000), false),
        ("marks", #"{"a"# + String(repeating: "\u{316}\u{301}", count: 250_000) + #"":1}"#, false),
        (
            "keys of marks",
            "{"
                + (0..<1_000).map {
                    #""\#($0)"# + String(repeating: "\u{316}\u{301}", count: 250) + #"":1"#
                }.joined(separator: ",") + "}", true
        ),
        (
            "marks as text", #"""# + String(repeating: "\u{316}\u{301}", count: 250_000) + #"""#,
            true
        ),
        ("quotes", "[" + String(repeating: #""","#, count: 300_000) + "x", false),
    ]

    @Test(.timeLimit(.minutes(1)), arguments: large.indices)
    func longTextsAreReadAtOnce(index: Int) {
        let text = Self.large[index].text
        #expect((Self.error(text) == nil) == Self.large[index].isFine, "\(Self.large[index].name)")
    }
}
