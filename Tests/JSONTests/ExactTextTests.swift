import JSON
import Testing

@Suite struct ExactTextTests {
    @Test func onlyTheSameBytesAreTheSameText() {
        #expect(ExactText("é") == ExactText("\u{e9}"))
        #expect(ExactText("é") != ExactText("e\u{301}"))
        #expect(Set([ExactText("é"), ExactText("e\u{301}"), ExactText("\u{e9}")]).count == 2)
        #expect(ExactText("") != ExactText("a") && ExactText("a") != ExactText("ab"))
    }

    @Test func theOrderIsThatOfTheScalars() {
        let texts = ["b", "a", "", "Z", "é", "e\u{301}", "\u{1F600}", "\u{FFFF}"]
        #expect(
            texts.map(ExactText.init).sorted().map(\.text)
                == ["", "Z", "a", "b", "e\u{301}", "é", "\u{FFFF}", "\u{1F600}"])
    }

    @Test func positionsAreCountedInScalarsAndLines() {
        let bytes = Array("aé😀\n\r\nx".utf8)
        let places = (0...bytes.count).map { "\(TextPosition(of: $0, in: bytes))" }
        #expect(places[0] == "column 1")
        #expect(places[1] == "column 2")
        #expect(places[3] == "column 3")
        #expect(places[7] == "column 4")
        #expect(places[8] == "line 2, column 1")
        #expect(places[10] == "line 3, column 1")
        #expect(places[11] == "line 3, column 2")
        #expect(TextPosition(of: 99, in: bytes) == TextPosition(line: 3, column: 2))
        #expect(TextPosition(of: -1, in: bytes) == TextPosition(line: 1, column: 1))
    }
}
