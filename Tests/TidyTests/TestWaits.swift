/// How tests wait: for a state, with words, and for as long as it takes.
enum TestWaits {
    /// The folder that has the waits and the limits.
    private static let support = "Tests/TestSupport"

    /// A limit that a busy machine reaches is a flake to come.
    static func limits(_ tree: SourceTree) -> [Violation] {
        inTests(tree) { swift, index in
            guard swift.reads([".", "timeLimit"], at: index - 1) else { return nil }
            return "limits are for the hung: `.endsTheHung`, or `.bounded` for a suite that "
                + "starts hundreds of agents"
        }
    }

    /// Waits that say nothing when they give up, or that never do.
    static func silent(_ tree: SourceTree) -> [Violation] {
        inTests(tree) { swift, index in
            if swift.tokens[index].reads("while"), spins(swift, from: index) {
                return "spins without a word and without a limit: `awaiting` looks now and then"
            }
            if swift.tokens[index].reads("for"), leavesAtItsFirst(swift, from: index) {
                return "goes on as if the state had come when its task is cancelled: "
                    + "`awaiting(_:in:)` throws and says what was there instead"
            }
            return nil
        }
    }

    /// `while condition { await Task.yield() }`
    private static func spins(_ swift: SwiftText, from index: Int) -> Bool {
        guard let body = body(swift, after: index) else { return false }
        return swift.reads(["{", "await", "Task", ".", "yield", "(", ")", "}"], at: body)
    }

    /// `for await state in states where condition { return state }`, or with `break`.
    private static func leavesAtItsFirst(_ swift: SwiftText, from index: Int) -> Bool {
        let isAwaiting = swift.reads(["for", "await"], at: index)
        guard isAwaiting || swift.reads(["for", "try", "await"], at: index),
            let body = body(swift, after: index), body + 1 < swift.tokens.count
        else { return false }
        return ["return", "break"].contains { swift.tokens[body + 1].reads($0) }
    }

    /// The first brace outside of all others: a statement's condition has none of its own.
    private static func body(_ swift: SwiftText, after index: Int) -> Int? {
        var position = index + 1
        while position < swift.tokens.count {
            let token = swift.tokens[position]
            if token.reads("{") { return position }
            if token.reads("(") || token.reads("[") {
                guard let end = swift.closing(of: position) else { return nil }
                position = end
            }
            position += 1
        }
        return nil
    }

    private static func inTests(
        _ tree: SourceTree, _ complaint: (SwiftText, Int) -> String?
    ) -> [Violation] {
        tree.swiftFiles.filter { $0.file.isIn("Tests") && !$0.file.isIn(support) }
            .flatMap { file, swift in
                swift.tokens.indices.compactMap { index in
                    complaint(swift, index).map {
                        Violation(path: file.path, line: swift.tokens[index].line, message: $0)
                    }
                }
            }
    }
}
