/// Keys of configuration files: each that the program reads stands in the guide, each that a
/// document names is one that the program reads.
enum ConfigurationKeys {
    static let guide = DocumentCommands.guide

    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        let keys = Set(read(tree).map(\.key))
        guard !keys.isEmpty else { return [] }
        let words = knownWords(tree)
        return undocumented(tree)
            + tree.documents.flatMap { page, text -> [CheckedName] in
                let rows = page.path == guide ? tables(page, text, keys) : []
                return rows + examples(page, text, keys, words)
                    + spans(page, text, keys, words)
            }
    }

    // MARK: What the program reads

    private struct ReadKey {
        let key: String
        let file: SourceFile
        let line: Int
    }

    private static let getters: Set<String> = [
        "string", "requiredString", "integer", "bool", "strings", "array", "object", "value",
        "stringMap", "has",
    ]

    /// `reader.integer("key", ...)`, `f(&reader, "key")` and `("key", \.path)`.
    private static func read(_ tree: SourceTree) -> [ReadKey] {
        tree.swiftFiles.filter {
            $0.file.isIn("Sources/millrace") && $0.file.stem.contains("Configuration")
        }.flatMap { file, swift in
            swift.tokens.indices.dropFirst(3).compactMap { index in
                let token = swift.tokens[index]
                guard token.kind == .string, token.text.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil
                else { return nil }
                let before = swift.tokens[index - 2]
                let isGetter =
                    swift.reads(["("], at: index - 1) && getters.contains(before.text)
                    && swift.reads(["."], at: index - 3)
                let isPassed = swift.reads(["&", "reader", ","], at: index - 3)
                let isListed =
                    swift.reads(["("], at: index - 1) && swift.reads([",", "\\"], at: index + 1)
                guard isGetter || isPassed || isListed else { return nil }
                return ReadKey(key: token.text, file: file, line: token.line)
            }
        }
    }

    private static func undocumented(_ tree: SourceTree) -> [CheckedName] {
        guard let text = tree.file(guide)?.markdown else { return [] }
        let inTables = text.rows.flatMap { $0.spans(0) }.map(\.text)
        let inExamples = text.blocks.filter { $0.language == "yaml" }.flatMap(\.lines)
            .flatMap { keys(in: $0.text) }
        let told = Set(inTables).union(inExamples)
        return read(tree).map { key in
            CheckedName(
                kind: "keys that the program reads", path: key.file.path, line: key.line,
                problem: told.contains(key.key)
                    ? nil : "the key `\(key.key)` is not in \(guide): give it a row")
        }
    }

    // MARK: What documents name

    private static func tables(
        _ page: SourceFile, _ text: Markdown, _ keys: Set<String>
    ) -> [CheckedName] {
        text.rows.filter { $0.header.first?.hasPrefix("key") == true }.flatMap { $0.spans(0) }.map {
            named("keys in tables", page, $0.line, $0.text, keys, among: keys)
        }
    }

    /// The outermost keys of an example are keys of a file, those inside at least known words.
    private static func examples(
        _ page: SourceFile, _ text: Markdown, _ keys: Set<String>, _ words: Set<String>
    ) -> [CheckedName] {
        text.blocks.filter { $0.language == "yaml" }.flatMap(\.lines).flatMap { line, text in
            self.keys(in: text).map { key in
                let isOuter = text.hasPrefix(key + ":")
                return named(
                    "keys in examples", page, line, key, keys, among: isOuter ? keys : words)
            }
        }
    }

    /// `some_key` or `some_key: value` in backticks.
    private static func spans(
        _ page: SourceFile, _ text: Markdown, _ keys: Set<String>, _ words: Set<String>
    ) -> [CheckedName] {
        text.spans.compactMap { span in
            guard let match = span.text.wholeMatch(of: /([a-z0-9]+(?:_[a-z0-9]+)+)(:? .*)?/)
            else { return nil }
            return named(
                "words with underscores", page, span.line, String(match.1), keys, among: words)
        }
    }

    private static func named(
        _ kind: String, _ page: SourceFile, _ line: Int, _ name: String, _ keys: Set<String>,
        among known: Set<String>
    ) -> CheckedName {
        CheckedName(
            kind: kind, path: page.path, line: line,
            problem: known.contains(name)
                ? nil : "the program doesn't know `\(name)`" + NearestName.hint(name, keys))
    }

    /// `a` and `b` of `- {a: 1, b: 2}`.
    private static func keys(in line: String) -> [String] {
        let code = line.firstRange(of: "#").map { String(line[..<$0.lowerBound]) } ?? line
        return code.matches(of: /(?:^|[{,\s-])([a-z][a-z0-9_]*):(?:\s|$)/).map { String($0.1) }
    }

    /// Words of texts in the sources, and of what the lab, tests with the client and the documents'
    /// own blocks run.
    private static func knownWords(_ tree: SourceTree) -> Set<String> {
        var words: Set<String> = []
        for (file, swift) in tree.swiftFiles where file.isIn("Sources") {
            for token in swift.tokens where token.kind == .string {
                words.formUnion(Self.words(token.text))
            }
        }
        for file in tree.files where file.isIn("Lab") || file.isIn("Tests/ClientTests") {
            guard !file.path.hasSuffix(".md") else { continue }
            words.formUnion(Self.words(file.text))
        }
        for (_, text) in tree.documents {
            for block in text.blocks where block.language != "yaml" {
                for line in block.lines { words.formUnion(Self.words(line.text)) }
            }
        }
        return words
    }

    private static func words(_ text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }
}
