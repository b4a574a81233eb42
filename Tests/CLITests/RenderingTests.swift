import JSON
import RequestPipeline
import Testing

@testable import CLI

@Suite struct RenderingTests {
    @Test func columnsAreAlignedAndNumbersStandRight() {
        let table = TableText(
            columns: [.init("HOST"), .init("FREE", isNumber: true), .init("WHY")],
            rows: [["compute-1", "12", nil], ["c", "100000", "late"]])
        #expect(
            table.text == """
                HOST         FREE  WHY
                compute-1      12  -
                c          100000  late

                """)
    }

    @Test func anEmptyTableIsItsHeader() {
        #expect(TableText(columns: [.init("A"), .init("B")], rows: []).text == "A  B\n")
    }

    @Test(
        arguments: [
            (nil, "-"), ("", "-"), ("a\nb", "a?b"), ("\u{1b}[31mred", "?[31mred"),
            ("\u{202e}abc", "?abc"), ("größe", "größe"),
        ] as [(String?, String)])
    func whatMovesTheCursorIsNotShown(cell: String?, shown: String) {
        #expect(TableText.shown(cell) == shown)
    }

    @Test func jsonIsIndentedWithSortedKeys() {
        let value: JSONValue = ["b": [1, "x\n"], "a": nil, "c": [:], "d": [], "e": ["z": true]]
        #expect(
            PrettyJSON.text(value) == """
                {
                  "a": null,
                  "b": [
                    1,
                    "x\\n"
                  ],
                  "c": {},
                  "d": [],
                  "e": {
                    "z": true
                  }
                }

                """)
    }

    @Test(arguments: [
        ("web-1", "^web-1$"), ("a.b*", "^a\\.b\\*$"), ("(x|y)", "^\\(x\\|y\\)$"),
    ])
    func namesBecomePatternsOfThemselves(name: String, pattern: String) {
        #expect(ServerSearch.pattern(name) == pattern)
    }

    @Test func patternsOfLongNamesStayWithinTheServersLimit() {
        let pattern = ServerSearch.pattern(String(repeating: ".", count: 255))
        #expect(pattern.utf8.count <= 255)
        #expect(pattern.hasPrefix("^\\.") && pattern.hasSuffix("."))
    }
}
