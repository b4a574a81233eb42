/// Calls that end the process, hide an error or make a test wait for the clock.
enum BannedCalls {
    /// What traps on input that someone can send. Tests may: a trap there is a failed test.
    static func traps(_ tree: SourceTree) -> [Violation] {
        inFolder("Sources", tree) { swift, index in
            if swift.reads(["try", "!"], at: index), swift.tokens[index + 1].touchesPrevious {
                return "`try!` traps: handle the error or let it through"
            }
            if swift.reads(["as", "!"], at: index), swift.tokens[index + 1].touchesPrevious {
                return "`as!` traps: use `as?` and say what else was found"
            }
            if swift.reads(["fatalError", "("], at: index) {
                return "`fatalError` ends the process: throw an error of this layer"
            }
            return nil
        }
    }

    /// `try?` whose result nobody looks at. `if let x = try? f()` asks a question and may stand.
    static func discardedErrors(_ tree: SourceTree) -> [Violation] {
        inFolder("Sources", tree) { swift, index in
            guard swift.reads(["try", "?"], at: index), isDiscarded(swift, index),
                !hasComment(swift, from: swift.tokens[index].line - 1, to: index)
            else { return nil }
            return "a silent `try?`: handle or log the error, or say in a comment right above "
                + "why it doesn't matter"
        }
    }

    private static func isDiscarded(_ swift: SwiftText, _ index: Int) -> Bool {
        if swift.reads(["_", "="], at: index - 2) { return true }
        guard index > 0 else { return true }
        let previous = swift.tokens[index - 1]
        if [";", "{", "in"].contains(where: previous.reads) { return true }
        // A new line begins a statement unless the line before is left open by an operator.
        let isOpen = previous.kind == .symbol && !["}", ")", "]", "?", "!"].contains(previous.text)
        return swift.tokens[index].startsLine && !isOpen && !previous.reads("return")
    }

    /// A promise that the compiler can't check needs its reason in one of the three lines above.
    static func uncheckedConcurrency(_ tree: SourceTree) -> [Violation] {
        inFolders(["Sources", "Tests"], tree) { swift, index in
            let isUnchecked = swift.reads(["@", "unchecked", "Sendable"], at: index)
            let isUnsafe = swift.reads(["nonisolated", "(", "unsafe", ")"], at: index)
            guard isUnchecked || isUnsafe,
                !hasComment(swift, from: swift.tokens[index].line - 3, to: index)
            else { return nil }
            return "\(isUnsafe ? "`nonisolated(unsafe)`" : "`@unchecked Sendable`") without a "
                + "comment beside it that says what makes it safe"
        }
    }

    /// A test waits for a state, never for time to pass.
    static func sleepsInTests(_ tree: SourceTree) -> [Violation] {
        inFolder("Tests", tree) { swift, index in
            let isMethod = ["Task", "Thread"].contains {
                swift.reads([$0, ".", "sleep"], at: index)
            }
            let isCall = ["sleep", "usleep", "nanosleep"].contains {
                swift.reads([$0, "("], at: index)
            }
            let before = index > 0 ? swift.tokens[index - 1] : nil
            let isOther = before?.reads(".") ?? false || before?.reads("func") ?? false
            guard isMethod || (isCall && !isOther) else { return nil }
            return "a sleep is a flake to come: wait for the state the test needs"
        }
    }

    /// Only commands talk to a terminal.
    static func printing(_ tree: SourceTree) -> [Violation] {
        inFolder("Sources", tree) { swift, index in
            let isCall = ["print", "debugPrint", "dump"].contains {
                swift.reads([$0, "("], at: index)
            }
            let before = index > 0 ? swift.tokens[index - 1] : nil
            let isOther = before?.reads(".") ?? false || before?.reads("func") ?? false
            guard isCall, !isOther else { return nil }
            return "log through swift-log: output is for Sources/CLI and Sources/millrace"
        }.filter { violation in
            !["Sources/CLI/", "Sources/millrace/"].contains { violation.path.hasPrefix($0) }
        }
    }

    // MARK: Walking

    private static func hasComment(_ swift: SwiftText, from line: Int, to index: Int) -> Bool {
        (line...swift.tokens[index].line).contains(where: swift.commentLines.contains)
    }

    private static func inFolder(
        _ folder: String, _ tree: SourceTree, _ complaint: (SwiftText, Int) -> String?
    ) -> [Violation] {
        inFolders([folder], tree, complaint)
    }

    private static func inFolders(
        _ folders: [String], _ tree: SourceTree, _ complaint: (SwiftText, Int) -> String?
    ) -> [Violation] {
        var found: [Violation] = []
        for (file, swift) in tree.swiftFiles where folders.contains(where: file.isIn) {
            for index in swift.tokens.indices where swift.tokens[index].mayBeBanned {
                guard let message = complaint(swift, index) else { continue }
                found.append(
                    Violation(path: file.path, line: swift.tokens[index].line, message: message))
            }
        }
        return found
    }
}

extension SwiftToken {
    /// One of the rules above begins with this token: a quick look before the slow ones.
    fileprivate var mayBeBanned: Bool {
        kind != .string && Self.bannedStarts.contains(text)
    }

    private static let bannedStarts: Set<String> = [
        "try", "as", "fatalError", "@", "nonisolated", "Task", "Thread", "sleep", "usleep",
        "nanosleep", "print", "debugPrint", "dump",
    ]
}
