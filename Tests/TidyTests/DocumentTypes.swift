/// Types that documents name in backticks, such as `HostLedger` or `Placer.claim`, exist with that
/// member. Only names of several words count, and none that is a text in the sources.
enum DocumentTypes {
    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        let declared = DeclaredNames(tree)
        return tree.documents.flatMap { page, text in
            text.spans.compactMap { span in
                guard
                    let match = span.text.wholeMatch(
                        of: /([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)(?:\.([a-z]\w*)(?:\(.*\))?)?/)
                else { return nil }
                let type = String(match.1)
                if declared.texts.contains(type) { return nil }
                var problem: String?
                if !declared.types.contains(type) {
                    problem =
                        "there is no `\(type)` here" + NearestName.hint(type, declared.types)
                } else if let member = match.2.map(String.init),
                    !declared.members.contains(member)
                {
                    problem =
                        "nothing here declares `\(member)`, which `\(span.text)` names"
                        + NearestName.hint(member, declared.members)
                }
                return CheckedName(
                    kind: "types", path: page.path, line: span.line, problem: problem)
            }
        }
    }
}

/// What Swift and Python files declare.
struct DeclaredNames {
    /// Types and targets.
    private(set) var types: Set<String> = []
    /// Functions, properties and cases.
    private(set) var members: Set<String> = []
    /// Texts of Swift's sources, such as `RegionOne`.
    private(set) var texts: Set<String> = []

    init(_ tree: SourceTree) {
        for file in tree.files {
            if let target = file.target { types.insert(target) }
            if let swift = file.swift {
                types.formUnion(Self.types(swift))
                members.formUnion(Self.members(swift))
                guard file.isIn("Sources") else { continue }
                texts.formUnion(swift.tokens.filter { $0.kind == .string }.map(\.text))
            } else if file.isPython {
                types.formUnion(Self.python("class ", file))
                members.formUnion(Self.python("def ", file))
            }
        }
    }

    private static let typeKeywords: Set<String> = [
        "struct", "class", "enum", "actor", "protocol", "typealias",
    ]

    /// The types that a file declares.
    static func types(_ swift: SwiftText) -> [String] { names(after: typeKeywords, swift) }

    private static func members(_ swift: SwiftText) -> [String] {
        names(after: ["func", "var", "let", "case"], swift)
    }

    private static func names(after keywords: Set<String>, _ swift: SwiftText) -> [String] {
        swift.tokens.indices.dropLast().compactMap { index in
            let token = swift.tokens[index]
            let name = swift.tokens[index + 1]
            guard token.kind == .word, keywords.contains(token.text), name.kind == .word else {
                return nil
            }
            return name.text
        }
    }

    /// The names behind `class ` or `def `, wherever the line is indented to.
    static func python(_ keyword: String, _ file: SourceFile) -> [String] {
        file.lines(with: keyword).compactMap { line in
            let text = file.lines[line - 1].trimmed
            guard text.hasPrefix(keyword) else { return nil }
            let name = text.dropFirst(keyword.count).prefix {
                $0.isLetter || $0.isNumber || $0 == "_"
            }
            return String(name)
        }
    }
}
