import JSON
import Testing

@Suite struct SpellingTests {
    static let words: [(String, [String], String?)] = [
        ("nmae", ["name", "id"], "name"), ("x", ["name"], nil), ("nam", [], nil),
        ("abc", ["abd", "abe"], "abd"), ("flavourRef", ["flavorRef", "name"], "flavorRef"),
        ("venodr_id", ["vendor_id", "product_id"], "vendor_id"),
        ("vendor", ["vendor_id", "vector"], "vendor_id"), ("NAME", ["name"], nil),
        ("phys", ["physical_network", "pfs"], "physical_network"),
        ("que", ["queues_min", "queues"], "queues"), ("x", ["id"], nil), ("", ["id"], nil),
        ("naïve", ["naive"], "naive"), ("completely_different", ["name", "flavorRef"], nil),
    ]

    @Test(arguments: words)
    func theNearestWordIsFoundAlwaysTheSame(word: String, known: [String], nearest: String?) {
        #expect(Spelling.nearest(to: word, among: known) == nearest)
        #expect(Spelling.nearest(to: word, among: known.reversed()) == nearest)
        #expect(
            Spelling.hint(word, among: known) == (nearest.map { " Did you mean '\($0)'?" } ?? ""))
    }

    @Test func aHugeWordCostsLittle() {
        let word = String(repeating: "\u{316}\u{301}", count: 100_000)
        #expect(Spelling.nearest(to: word, among: ["name", "flavorRef"]) == nil)
    }
}
