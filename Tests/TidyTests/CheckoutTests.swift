import Testing

/// The house rules, held against the checkout itself. There is no list of exceptions.
@Suite struct CheckoutTests {
    @Test(arguments: HouseRule.all) func holds(_ rule: HouseRule) {
        let violations = rule.check(.checkout).sorted { ($0.path, $0.line) < ($1.path, $1.line) }
        guard !violations.isEmpty else { return }
        let list = violations.map { "\n  \($0)" }.joined()
        Issue.record("\(rule.name): \(violations.count) found\(list)")
    }

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
