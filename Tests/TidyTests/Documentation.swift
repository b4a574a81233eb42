/// Every public declaration has a sentence of its own, unless it only fulfils a protocol whose
/// documentation already says it all.
enum Documentation {
    static func check(_ tree: SourceTree) -> [Violation] {
        let sources = tree.swiftFiles.filter { $0.file.isIn("Sources") }
        var protocols = standardProtocols
        for (_, swift) in sources {
            protocols.merge(requirements(swift), uniquingKeysWith: { $0.union($1) })
        }
        return sources.flatMap { file, swift in undocumented(file, swift, protocols) }
    }

    private static func undocumented(
        _ file: SourceFile, _ swift: SwiftText, _ protocols: [String: Set<String>]
    ) -> [Violation] {
        let scopes = TypeScopes(swift)
        let documented = Set(swift.comments.filter(\.isDocumentation).map(\.lastLine))
        return swift.tokens.indices.compactMap { index in
            guard isPublic(swift, index), let declared = Declaration(swift, after: index),
                declared.keyword != "import", declared.keyword != "extension"
            else { return nil }
            let line = swift.tokens[declarationStart(swift, index)].line
            if documented.contains(line - 1) { return nil }
            let isWitness = scopes.conformances(at: index).contains {
                protocols[$0]?.contains(declared.name) ?? false
            }
            if isWitness { return nil }
            return Violation(
                path: file.path, line: swift.tokens[index].line,
                message: "public \(declared.title) has no docstring: say what its name doesn't "
                    + "(unit, range, errors, source)")
        }
    }

    private static func isPublic(_ swift: SwiftText, _ index: Int) -> Bool {
        let token = swift.tokens[index]
        guard token.reads("public") || token.reads("open"), index + 1 < swift.tokens.count,
            index == 0 || !swift.tokens[index - 1].reads(".")
        else { return false }
        // `open` is a good name for a variable, too.
        return Declaration.mayGoOn(with: swift.tokens[index + 1])
    }

    /// The first token of the attributes and modifiers that the declaration begins with.
    private static func declarationStart(_ swift: SwiftText, _ index: Int) -> Int {
        var start = index
        while start > 0 {
            let before = swift.tokens[start - 1]
            if before.reads(")"), let open = swift.opening(of: start - 1), open > 1,
                swift.tokens[open - 2].reads("@")
            {
                start = open - 2
            } else if before.kind == .word, start > 1, swift.tokens[start - 2].reads("@") {
                start -= 2
            } else if Declaration.modifiers.contains(before.text), before.kind == .word {
                start -= 1
            } else {
                break
            }
        }
        return start
    }

    /// What protocols of Swift itself ask for, where the answer needs no words.
    private static let standardProtocols: [String: Set<String>] = [
        "AsyncIteratorProtocol": ["next", "Element", "Failure"],
        "AsyncSequence": ["makeAsyncIterator", "Element", "Failure", "AsyncIterator"],
        "Clock": ["now", "minimumResolution", "sleep", "Instant", "Duration"],
        "Codable": ["init", "encode"],
        "Comparable": ["<"],
        "CustomStringConvertible": ["description"],
        "Decodable": ["init"],
        "Encodable": ["encode"],
        "Equatable": ["=="],
        "Hashable": ["==", "hash"],
        "Identifiable": ["id"],
        "InstantProtocol": ["advanced", "duration", "<", "Duration"],
    ]

    /// The documented requirements of the file's protocols.
    private static func requirements(_ swift: SwiftText) -> [String: Set<String>] {
        let documented = Set(swift.comments.filter(\.isDocumentation).map(\.lastLine))
        let scopes = TypeScopes(swift)
        guard scopes.haveProtocol else { return [:] }
        var found: [String: Set<String>] = [:]
        for index in swift.tokens.indices where swift.tokens[index].kind == .word {
            guard Declaration.keywords.contains(swift.tokens[index].text),
                let owner = scopes.protocolName(at: index),
                let declared = Declaration(swift, after: index - 1),
                documented.contains(swift.tokens[declarationStart(swift, index)].line - 1)
            else { continue }
            found[owner, default: []].insert(declared.name)
        }
        return found
    }
}

/// The keyword and the name of a declaration.
struct Declaration: Equatable {
    let keyword: String
    let name: String

    /// `func claim`, `init`
    var title: String { keyword == name ? name : keyword + " " + name }

    static let keywords: Set<String> = [
        "let", "var", "func", "init", "struct", "class", "enum", "actor", "protocol", "typealias",
        "subscript", "associatedtype", "macro", "import", "extension",
    ]
    static let modifiers: Set<String> = [
        "static", "final", "indirect", "nonisolated", "mutating", "override", "convenience",
        "required", "lazy", "weak", "prefix", "postfix", "infix", "consuming", "borrowing",
        "public", "distributed", "isolated", "unowned", "dynamic", "private", "fileprivate",
        "internal", "package",
    ]

    /// Whether a declaration that has begun can go on with this token.
    static func mayGoOn(with token: SwiftToken) -> Bool {
        token.reads("@")
            || token.kind == .word
                && (keywords.contains(token.text) || modifiers.contains(token.text))
    }

    /// The declaration whose keyword follows the token at `index`, modifiers between them skipped.
    init?(_ swift: SwiftText, after index: Int) {
        var position = index + 1
        while position < swift.tokens.count, !Self.keywords.contains(swift.tokens[position].text) {
            position += 1
            guard position - index < 16 else { return nil }
        }
        let isTypeMember = ["func", "var"].contains { swift.reads(["class", $0], at: position) }
        if isTypeMember { position += 1 }
        guard position + 1 < swift.tokens.count else { return nil }
        keyword = swift.tokens[position].text
        let isNameless = keyword == "init" || keyword == "subscript"
        name = isNameless ? keyword : swift.tokens[position + 1].text
    }
}
