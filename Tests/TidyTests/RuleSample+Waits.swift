extension RuleSample {
    static let waits = limits + silentWaits

    private static let limits = [
        inTests("limits of tests", "a suite's", "@Suite(.timeLimit(.minutes(1))) struct A {}", [1]),
        inTests(
            "limits of tests", "a test's", "@Test(\n    .timeLimit(.minutes(9))) func f() {}", [2]),
        inTests("limits of tests", "the shared ones", "@Suite(.endsTheHung) struct A {}"),
        inTests("limits of tests", "another's", "let timeLimit = a(timeLimit: 1)"),
        inTests(
            "limits of tests", "named only", "// .timeLimit(.minutes(1))\nlet a = \".timeLimit\""),
        RuleSample(
            "limits of tests", "where they are made", "Tests/TestSupport/A.swift",
            "extension Trait { static var a: Self { .timeLimit(.minutes(30)) } }"),
    ]

    private static let silentWaits = [
        inTests("silent waits", "spinning", "while !isDone { await Task.yield() }", [1]),
        inTests(
            "silent waits", "spinning on a closure",
            "f()\nwhile !looked.withLock({ $0 }) {\n    await Task.yield()\n}", [2]),
        inTests(
            "silent waits", "nil when cancelled",
            "for await state in states where done(state) { return state }\nreturn nil", [1]),
        inTests("silent waits", "nothing when cancelled", "for await _ in begun { break }", [1]),
        inTests(
            "silent waits", "of a throwing sequence",
            "for try await _ in changes(of: [a]) {\n    return\n}", [1]),
        inTests(
            "silent waits", "work between looks",
            "while !isDone {\n    clock.advance(by: step)\n    await Task.yield()\n}"),
        inTests(
            "silent waits", "collecting",
            "for await event in events { seen.append(event) }\nfor await _ in stream {}"),
        inTests(
            "silent waits", "leaving on a condition of its own",
            "for try await event in watch {\n    seen += 1\n    if seen == 3 { break }\n}"),
        inTests("silent waits", "not waiting", "for a in b { return a }\nwhile a { b() }"),
        inTests("silent waits", "aloud", "try await awaiting(\"a\", in: states) { $0 == 1 }"),
        RuleSample(
            "silent waits", "where it is done", "Tests/TestSupport/A.swift",
            "for await state in states where done(state) { return state }"),
    ]

    private static func inTests(
        _ rule: String, _ what: String, _ text: String, _ lines: [Int] = []
    ) -> RuleSample {
        RuleSample(rule, what, "Tests/ATests/B.swift", text, lines: lines)
    }
}
