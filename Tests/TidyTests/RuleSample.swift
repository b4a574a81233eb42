import Testing

/// A small tree of files, and the places where one rule must object to it.
struct RuleSample: Sendable, CustomTestStringConvertible {
    let rule: String
    let what: String
    let files: [String: String]
    /// `path:line`, in order.
    let objections: [String]

    var testDescription: String { "\(rule): \(what)" }

    /// One file; the rule objects to these lines of it.
    init(_ rule: String, _ what: String, _ path: String, _ text: String, lines: [Int] = []) {
        self.init(rule, what, [path: text], lines.map { "\(path):\($0)" })
    }

    /// Several files.
    init(_ rule: String, _ what: String, _ files: [String: String], _ objections: [String] = []) {
        self.rule = rule
        self.what = what
        self.files = files
        self.objections = objections
    }

    static let all =
        lengths + calls + traces + names + documentation + purity + edges + directions
        + documents + commands + keys + claims + waits
}

/// Each rule against texts that break it and texts that only look as if they did.
@Suite struct RuleSampleTests {
    @Test(arguments: RuleSample.all) func objectsWhereItMust(_ sample: RuleSample) throws {
        let rule = try #require(HouseRule.named(sample.rule))
        let tree = SourceTree(files: sample.files.map { SourceFile(path: $0, text: $1) })
        let found = rule.check(tree).map { "\($0.path):\($0.line)" }
        #expect(found.sorted() == sample.objections.sorted())
    }

    @Test(arguments: HouseRule.all) func hasSamplesOfBothKinds(_ rule: HouseRule) {
        let samples = RuleSample.all.filter { $0.rule == rule.name }
        #expect(samples.contains { $0.objections.isEmpty })
        #expect(samples.contains { !$0.objections.isEmpty })
    }
}
