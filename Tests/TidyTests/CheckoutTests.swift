import Testing

/// The house rules, held against the checkout itself. There is no list of exceptions.
@Suite struct CheckoutTests {
    @Test(arguments: HouseRule.all) func holds(_ rule: HouseRule) {
        let violations = rule.check(.checkout).sorted { ($0.path, $0.line) < ($1.path, $1.line) }
        guard !violations.isEmpty else { return }
        let list = violations.map { "\n  \($0)" }.joined()
        Issue.record("\(rule.name): \(violations.count) found\(list)")
    }

    /// The documents' rules look at so many names, or their readers have become blind.
    @Test func documentsNameMuch() {
        let names = CheckedName.all(.checkout)
        let counts = Dictionary(grouping: names, by: \.kind).mapValues(\.count)
        let list = counts.sorted { $0.key < $1.key }.map { "\n  \($0.value) \($0.key)" }.joined()
        print("names in documents that were checked: \(names.count)\(list)")
        for (kind, least) in Self.leastCounts {
            #expect(counts[kind] ?? 0 >= least, "\(kind)")
        }
    }

    private static let leastCounts = [
        "capabilities": 20, "commands of the program": 90,
        "keys in examples": 40, "keys in tables": 60, "keys that the program reads": 70,
        "links": 40, "options": 50, "options of the program": 25, "parts of targets": 100,
        "paths": 35, "rows of modules": 25, "targets of make": 25,
        "tests and steps that show them": 90, "types": 150, "words with underscores": 200,
        "commands of the program in its guide": 25, "options of the program in its guide": 30,
    ]

    /// Rules that find nothing because they read nothing would hold for ever.
    @Test(arguments: [
        "Package.swift", "Sources/ComputeModel/Instance.swift", "Sources/Scheduler/Rejection.swift",
        "Tests/TidyTests/CheckoutTests.swift", "Lab/lab.py",
    ])
    func isRead(_ path: String) {
        let lineCount = SourceTree.checkout.file(path)?.lines.count ?? 0
        #expect(lineCount > 0)
    }
}
