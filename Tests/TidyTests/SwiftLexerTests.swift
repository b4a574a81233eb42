import Testing

@Suite struct SwiftLexerTests {
    /// Source, and its tokens' texts joined by spaces.
    private static let samples: [(source: String, tokens: String)] = [
        ("let a=b?.c", "let a = b ? . c"),
        ("a // b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        (#""a\"b" c"#, #"a"b c"#),
        (#""a\(b("c", d: { "e" }))f" g"#, "af ( b ( c , d : { e } ) ) g"),
        (##"#"a"b\n"# c"##, #"a"b\n c"#),
        (##"#"a\#(b)"# c"##, "a ( b ) c"),
        ("\"\"\"\n a \"b\"\n \"\"\" c", "\n a \"b\"\n  c"),
        ("let a = /b\"{/ ; c", "let a =  ; c"),
        ("let a = #/b\"/#\nc", "let a =  c"),
        ("a / b / c", "a / b / c"),
        ("(a)/2 + b/3", "( a ) / 2 + b / 3"),
        ("#if a\n@B(1.5) `var`", "# if a @ B ( 1.5 ) `var`"),
        ("0x1F...2", "0x1F . . . 2"),
    ]

    @Test(arguments: samples) func splits(_ source: String, _ tokens: String) {
        #expect(SwiftText(source).tokens.map(\.text).joined(separator: " ") == tokens)
    }

    @Test(arguments: ["\"a", "/* a", "\"\\(a", "#\"", "#/a", "\"\"\"\n a\\"])
    func unfinishedTextEnds(_ source: String) {
        #expect(SwiftText(source).closing(of: 0) == nil)
    }

    @Test func linesAreCountedThroughEverything() throws {
        let source = "/*\n*/ \"\"\"\n\n\\(\na)\n\"\"\"\n// b\nc"
        let text = SwiftText(source)
        #expect(text.tokens.last?.text == "c")
        #expect(text.tokens.last?.line == 8)
        #expect(text.comments.map(\.firstLine) == [1, 7])
        #expect(text.commentLines == [1, 2, 7])
    }
}
