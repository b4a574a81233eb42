extension RuleSample {
    static let calls = traps + discardedErrors + unchecked + sleeps + printing

    private static let traps = [
        inSources("traps", "force try", "let a = try! f()", lines: [1]),
        inSources("traps", "force cast", "let a = b as! C", lines: [1]),
        inSources("traps", "the end", "fatalError(\"no\")", lines: [1]),
        inSources("traps", "in an interpolation", "let a = \"\\(try! f())\"", lines: [1]),
        inSources(
            "traps", "named only", "// try! as! fatalError(\nlet a = \"try! as! fatalError(\""),
        inSources(
            "traps", "others", "try f()\nlet a = b as? C\nlet c = try? f()\nif a as Any != b {}"),
        RuleSample("traps", "in tests", "Tests/ATests/B.swift", "try! f()"),
    ]

    private static let discardedErrors = [
        inSources("discarded errors", "a statement", "f()\ntry? g()\nh()", lines: [2]),
        inSources("discarded errors", "to nothing", "_ = try? f()", lines: [1]),
        inSources("discarded errors", "in a block", "defer { try? f() }", lines: [1]),
        inSources("discarded errors", "in a closure", "run { x in try? f(x) }", lines: [1]),
        inSources("discarded errors", "after a semicolon", "f(); try? g()", lines: [1]),
        inSources("discarded errors", "a question", "guard let a = try? f() else { return }"),
        inSources(
            "discarded errors", "an answer", "return try? f()\nlet a =\n    try? g()\nh(try? f())"),
        inSources("discarded errors", "with its reason", "// Gone already is as good.\ntry? f()"),
        inSources("discarded errors", "reason beside", "try? f()  // gone already is as good"),
        inSources("discarded errors", "reason too far", "// Why.\nf()\nh()\ntry? g()", lines: [4]),
    ]

    private static let unchecked = [
        inSources(
            "unchecked concurrency", "no reason", "final class A: @unchecked Sendable {}",
            lines: [1]),
        inSources("unchecked concurrency", "unsafe", "nonisolated(unsafe) var a = 1", lines: [1]),
        inSources(
            "unchecked concurrency", "with reasons",
            "/// The lock guards it.\nfinal class A:\n    @unchecked Sendable {}\n\n"
                + "nonisolated(unsafe) var a = 1  // set once, before any thread"),
        inSources(
            "unchecked concurrency", "checked", "final class A: Sendable {}\nnonisolated func f()"),
    ]

    private static let sleeps = [
        inTests("of a task", "try await Ta" + "sk.sleep(for: .seconds(1))", lines: [1]),
        inTests("of a thread", "Thread.sleep(forTimeInterval: 1)", lines: [1]),
        inTests("in C", "usleep(10)\nsleep(1)", lines: [1, 2]),
        inTests("a clock's own", "func sleep(until a: A) {}\ntry await clock.sleep(for: a)"),
        inSources("sleeps in tests", "in sources", "try await Ta" + "sk.sleep(for: a)"),
    ]

    private static let printing = [
        inSources("printing", "from a layer", "print(\"a\")\ndump(a)", lines: [1, 2]),
        inSources("printing", "other prints", "a.print(b)\nfunc print(_ a: A) {}\nfingerprint(a)"),
        RuleSample("printing", "from a command", "Sources/CLI/B.swift", "print(\"a\")"),
        RuleSample("printing", "from a test", "Tests/ATests/B.swift", "print(\"a\")"),
    ]

    private static func inSources(
        _ rule: String, _ what: String, _ text: String, lines: [Int] = []
    ) -> RuleSample {
        RuleSample(rule, what, "Sources/A/B.swift", text, lines: lines)
    }

    private static func inTests(_ what: String, _ text: String, lines: [Int] = []) -> RuleSample {
        RuleSample("sleeps in tests", what, "Tests/ATests/B.swift", text, lines: lines)
    }
}
