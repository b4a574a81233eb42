/// Commands that documents name exist, with their options: the program's own, targets of make, the
/// lab's, filters of tests. The guide names every command and option of the program.
enum DocumentCommands {
    static let guide = "docs/operator/configuration.md"

    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        let known = KnownCommands(tree)
        let named = tree.documents.flatMap { page, text -> [CheckedName] in
            ShellLine.all(text).flatMap { shell in
                known.problems(shell).map { kind, problem in
                    CheckedName(kind: kind, path: page.path, line: shell.line, problem: problem)
                }
            }
        }
        guard let root = known.program, let text = tree.file(guide)?.markdown else { return named }
        return named + undocumented(root, text)
    }

    /// Each option stands somewhere in the guide, each verb in the row of its command.
    private static func undocumented(
        _ root: CommandTree.Command, _ text: Markdown
    ) -> [CheckedName] {
        let words = Set(
            text.spans.flatMap { $0.text.split { " ,/".contains($0) } }.map(String.init))
        let options = root.allOptions.sorted().map { option in
            CheckedName(
                kind: "options of the program in its guide", path: guide, line: 0,
                problem: words.contains(option)
                    ? nil : "the option `\(option)` is nowhere here: say what it does")
        }
        let verbs = root.commands.flatMap { command -> [CheckedName] in
            let rows = text.rows.filter {
                $0.spans(0).contains { $0.text == "millrace \(command.name)" }
            }
            let told = Set(rows.flatMap { $0.spans(1) }.map(\.text))
            let ownPart = words.contains(command.name) || !rows.isEmpty
            let own = CheckedName(
                kind: "commands of the program in its guide", path: guide, line: 0,
                problem: ownPart ? nil : "the command `millrace \(command.name)` is nowhere here")
            return [own]
                + command.commands.map { verb in
                    CheckedName(
                        kind: "commands of the program in its guide", path: guide,
                        line: rows.first?.line ?? 0,
                        problem: told.contains(verb.name)
                            ? nil
                            : "`millrace \(command.name) \(verb.name)` is not in the table of"
                                + " commands")
                }
        }
        return options + verbs
    }
}

/// What may be called, and how.
private struct KnownCommands {
    let program: CommandTree.Command?
    private let targets: Set<String>
    private let variables: Set<String>
    private let labCommands: Set<String>
    private let labOptions: Set<String>
    /// Options of other programs that this checkout calls in tests, in the lab or by make.
    private let otherOptions: Set<String>
    private let tests: Set<String>

    init(_ tree: SourceTree) {
        program = CommandTree(tree).root
        let makefile = tree.file("Makefile")?.text ?? ""
        targets = Set(makefile.matches(of: /(?m)^([a-z-]+):/).map { String($0.1) })
        variables = Set(makefile.matches(of: /\$\(([A-Z_]+)\)/).map { String($0.1) })
        let lab = tree.file("Lab/lab.py")?.text ?? ""
        labCommands = Set(lab.matches(of: /add\("([a-z]+)"/).map { String($0.1) })
        let light = tree.file("Lab/first_light.py")?.text ?? ""
        labOptions = Self.options(lab + light)
        let callers = tree.files.filter {
            $0.isIn("Lab") || $0.isIn("Fuzz") || $0.isIn("Tests/ClientTests")
        }
        let shown = tree.documents.flatMap(\.text.blocks)
            .flatMap(\.lines).map(\.text).filter { !$0.contains("millrace") }
        otherOptions = callers.map(\.text).reduce(Self.options(makefile)) {
            $0.union(Self.options($1))
        }.union(Self.options(shown.joined(separator: "\n")))
        tests = Set(
            tree.swiftFiles.filter { $0.file.isIn("Tests") }.flatMap { file, swift in
                DeclaredNames.types(swift) + [file.target ?? ""]
            })
    }

    private static func options(_ text: String) -> Set<String> {
        Set(text.matches(of: /--[a-z][a-z0-9-]*/).map { String($0.output) })
    }

    /// Kinds of names in a line, each with what is wrong with it.
    func problems(_ shell: ShellLine) -> [(String, String?)] {
        if let words = shell.arguments(of: "millrace"), let program {
            return ofProgram(words, program)
        }
        if let words = shell.arguments(of: "make") { return words.map(ofMake) }
        if let words = shell.arguments(of: "lab.py") { return ofLab(words, labCommands) }
        if let words = shell.arguments(of: "first_light.py") { return ofLab(words, []) }
        if let words = shell.arguments(of: "swift"), words.first == "test" {
            return ofTests(words)
        }
        guard let first = shell.words.first, first.hasPrefix("--") else { return [] }
        let option = String(first.prefix { $0 != "=" && $0 != "," })
        let all = otherOptions.union(program?.allOptions ?? []).union(["--help", "--version"])
        return [
            (
                "options",
                all.contains(option)
                    ? nil
                    : "no command here has the option `\(option)`" + NearestName.hint(option, all)
            )
        ]
    }

    private func ofProgram(
        _ words: [String], _ root: CommandTree.Command
    ) -> [(String, String?)] {
        var found: [(String, String?)] = []
        var (command, path) = (root, "millrace")
        var isValue = false
        for word in words {
            if [";", "&&", ">"].contains(word) { break }
            defer { isValue = command.takesValue(word) }
            if isValue || word.hasPrefix("$") { continue }
            if word.hasPrefix("-") {
                let option = String(word.prefix { $0 != "=" })
                let isThere = command.accepted.contains(option)
                found.append(
                    (
                        "options of the program",
                        isThere
                            ? nil
                            : "`\(path)` has no option `\(option)`"
                                + NearestName.hint(option, command.accepted)
                    ))
                continue
            }
            guard !command.commands.isEmpty, !word.contains("…"), word != "..." else { continue }
            let alternatives = word.split(separator: "|").map(String.init)
            for name in alternatives where command.command(name) == nil {
                let names = command.commands.map(\.name)
                found.append(
                    (
                        "commands of the program",
                        "`\(path)` has no command `\(name)`" + NearestName.hint(name, names)
                    ))
                return found
            }
            found += alternatives.map { _ in ("commands of the program", nil) }
            guard let name = alternatives.first, let next = command.command(name) else { break }
            (command, path) = (next, path + " " + name)
        }
        return found
    }

    private func ofMake(_ word: String) -> (String, String?) {
        if let end = word.firstIndex(of: "=") {
            let name = String(word[..<end])
            return (
                "variables of make",
                variables.contains(name)
                    ? nil : "the Makefile reads no `\(name)`" + NearestName.hint(name, variables)
            )
        }
        return (
            "targets of make",
            targets.contains(word)
                ? nil : "make has no target `\(word)`" + NearestName.hint(word, targets)
        )
    }

    private func ofLab(_ words: [String], _ commands: Set<String>) -> [(String, String?)] {
        var found: [(String, String?)] = []
        if let first = words.first, !commands.isEmpty, first != "..." {
            found.append(
                (
                    "commands of the lab",
                    commands.contains(first)
                        ? nil
                        : "the lab has no command `\(first)`" + NearestName.hint(first, commands)
                ))
        }
        let own = words.prefix { $0 != "--" }.filter { $0.hasPrefix("--") }
        return found
            + own.map { option in
                (
                    "options of the lab",
                    labOptions.contains(option)
                        ? nil
                        : "the lab has no option `\(option)`" + NearestName.hint(option, labOptions)
                )
            }
    }

    private func ofTests(_ words: [String]) -> [(String, String?)] {
        guard let index = words.firstIndex(of: "--filter"), index + 1 < words.count else {
            return []
        }
        let name = words[index + 1].filter { $0.isLetter || $0.isNumber }
        return [
            (
                "filters of tests",
                tests.contains(name)
                    ? nil
                    : "no suite or target of tests is called `\(name)`"
                        + NearestName.hint(name, tests)
            )
        ]
    }
}
