import Testing

@testable import DeviceTracking

@Suite struct DeviceSpecRegexTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var pattern: String
        var fits: [String]
        var others: [String]
        var testDescription: String { pattern }

        init(_ pattern: String, _ fits: [String], not others: [String]) {
            self.pattern = pattern
            self.fits = fits
            self.others = others
        }
    }

    @Test(arguments: [
        Sample("06", ["06"], not: ["6", "060", "006", "0", ""]),
        Sample("0", ["0"], not: ["00", "06", ""]),
        Sample(".", ["0", "f"], not: ["", "00"]),
        Sample(".*", ["", "0", "ffff"], not: []),
        Sample("[3-4]", ["3", "4"], not: ["2", "5", "34", "-"]),
        Sample("[^3-4]", ["2", "5", "f"], not: ["3", "4", ""]),
        Sample("[a-f0-9]", ["a", "f", "0", "9"], not: ["g", "-"]),
        Sample("[A-F]", ["a", "f"], not: ["0"]),
        Sample("0A", ["0a"], not: ["0b"]),
        Sample("[^A-F]", ["0"], not: ["a", "f"]),
        Sample("[-0]", ["-", "0"], not: ["1"]),
        Sample("[0-]", ["-", "0"], not: ["1"]),
        Sample(#"[\d-]"#, ["7", "-"], not: ["a"]),
        Sample(#"[\]]"#, ["]"], not: [#"\"#]),
        Sample(#"\d\d"#, ["06", "81"], not: ["0a", "6"]),
        Sample(#"\w"#, ["a", "0", "_"], not: ["."]),
        Sample(#"\.\*"#, [".*"], not: ["0*", ".."]),
        Sample("06|0a|81", ["06", "0a", "81"], not: ["068", "0", "06|0a"]),
        Sample("0(6|a)", ["06", "0a"], not: ["0", "06a"]),
        Sample("(?:06|81)", ["06", "81"], not: ["?:06"]),
        Sample("0|", ["0", ""], not: ["00"]),
        Sample("()", [""], not: ["0"]),
        Sample("0+", ["0", "0000"], not: ["", "01"]),
        Sample("0*1?", ["", "0", "1", "001"], not: ["11", "10"]),
        Sample("0{4}", ["0000"], not: ["000", "00000"]),
        Sample("0{2,3}", ["00", "000"], not: ["0", "0000"]),
        Sample("0{2,}", ["00", "0000"], not: ["0"]),
        Sample("0{,2}", ["", "0", "00"], not: ["000"]),
        Sample("0{0}6", ["6"], not: ["06"]),
        Sample("(0[0-7]){2}", ["0007"], not: ["00", "0008"]),
        Sample("0*?6+?", ["6", "0066"], not: ["0"]),
        Sample("^06$", ["06"], not: ["6", "060"]),
        Sample("^06|81$", ["06", "81"], not: ["0", "0681"]),
        Sample("(^0|1)6", ["06", "16"], not: ["6"]),
        Sample("0^6", [], not: ["06", "0^6"]),
        Sample("0$6", [], not: ["06", "0$6"]),
    ])
    func wholeFields(sample: Sample) throws {
        let expression = try SpecRegex(sample.pattern)
        for text in sample.fits { #expect(expression.matches(text), "\(text)") }
        for text in sample.others { #expect(!expression.matches(text), "\(text)") }
    }

    @Test(arguments: [
        ("", SpecRegexError.empty), ("*", .nothingToRepeat(column: 1)),
        ("0|*", .nothingToRepeat(column: 3)), ("(+)", .nothingToRepeat(column: 2)),
        ("^*", .nothingToRepeat(column: 2)), ("0$+", .nothingToRepeat(column: 3)),
        ("{2}", .nothingToRepeat(column: 1)), ("0**", .repeatedTwice(column: 3)),
        ("0+{2}", .repeatedTwice(column: 3)), ("0{}", .badRepetition(column: 2)),
        ("0{,}", .badRepetition(column: 2)), ("0{3,2}", .badRepetition(column: 2)),
        ("0{2", .badRepetition(column: 2)), ("0{x}", .badRepetition(column: 2)),
        ("0{65}", .repetitionTooLarge(column: 2)),
        ("0{99999999999999999999}", .repetitionTooLarge(column: 2)),
        ("(0", .unclosedGroup(column: 1)), ("0(1(2)", .unclosedGroup(column: 2)),
        ("0)", .strayParenthesis(column: 2)), ("[0-", .badClass(column: 1)),
        ("0[", .badClass(column: 2)), ("[]", .badClass(column: 1)), ("[^]", .badClass(column: 1)),
        ("[f-a]", .badRange(column: 2)), ("[0f-a]", .badRange(column: 3)),
        (#"\"#, .unsupported(column: 1, what: #"'\' without a sign behind it"#)),
        (#"0\1"#, .unsupported(column: 2, what: #"'\1'"#)),
        (#"\s"#, .unsupported(column: 1, what: #"'\s'"#)),
        (#"[a\d-f]"#, .unsupported(column: 3, what: #"a range that begins with '\'"#)),
        (#"[0-\d]"#, .unsupported(column: 2, what: #"a range that ends with '\'"#)),
        ("(?=0)", .unsupported(column: 1, what: "'(?' other than '(?:'")),
        ("(?P<x>0)", .unsupported(column: 1, what: "'(?' other than '(?:'")),
        ("é", .unsupported(column: 1, what: "a character beyond ASCII")),
        ("0[é]", .unsupported(column: 3, what: "a character beyond ASCII")),
        (String(repeating: "0", count: 257), .tooLong(count: 257)),
        ("((0{64}){64}){64}", .tooLarge), ("(0{64}){64}", .tooLarge),
        (String(repeating: "(", count: 17), .tooDeep(column: 17)),
    ])
    func errorsKnowTheirColumn(pattern: String, error: SpecRegexError) {
        #expect(throws: error) { try SpecRegex(pattern) }
        let text = "\(error)"
        #expect(!text.isEmpty && !text.hasSuffix("."))
        #expect(text.contains("column \(error.column ?? 0) ") == (error.column != nil))
    }

    /// Expressions that take backtracking engines exponential time. Each is tried on a text much
    /// longer than any field; the number of steps is bounded, so this ends or never does.
    @Test(arguments: [
        "(a*)*b", "(a|a)*b", "(a|aa)+b", "(a+)+$b", "(.*)*.*.*b", "((a*)*)*b", "(a?){64}a{64}b",
        "(a*){8}b", "(()*)*b", "((a|)*|(a)*)*b", "(|a|aa|aaa){16}b",
    ])
    func pathologicalOnesStayFast(pattern: String) throws {
        let expression = try SpecRegex(pattern)
        #expect(!expression.matches(String(repeating: "a", count: 2_000)))
    }

    @Test func theLargestExpressionsStillMatch() throws {
        #expect(try SpecRegex("(0{31}){64}").matches(String(repeating: "0", count: 31 * 64)))
        let nested = String(repeating: "(", count: 16) + "6" + String(repeating: ")", count: 16)
        #expect(try SpecRegex(nested).matches("6"))
        let long = Array(repeating: "06", count: 85).joined(separator: "|")
        #expect(try SpecRegex(long).matches("06"))
    }
}
