/// Which type each token of a file lies in, and what that type says it conforms to.
struct TypeScopes {
    private struct Scope {
        let keyword: String
        let name: String
        let conformances: [String]
        let range: Range<Int>
    }

    private var scopes: [Scope] = []
    private static let keywords: Set<String> = [
        "struct", "class", "enum", "actor", "protocol", "extension",
    ]

    /// Whether the file declares a protocol.
    var haveProtocol: Bool { scopes.contains { $0.keyword == "protocol" } }

    init(_ swift: SwiftText) {
        for index in swift.tokens.indices where swift.tokens[index].kind == .word {
            guard Self.keywords.contains(swift.tokens[index].text),
                index == 0 || !swift.tokens[index - 1].reads("."),
                index + 1 < swift.tokens.count, swift.tokens[index + 1].kind == .word,
                let open = swift.tokens[index...].firstIndex(where: { $0.reads("{") }),
                let close = swift.closing(of: open)
            else { continue }
            scopes.append(
                Scope(
                    keyword: swift.tokens[index].text, name: swift.tokens[index + 1].text,
                    conformances: Self.conformances(swift.tokens[index + 2..<open]),
                    range: open..<close))
        }
    }

    /// The words after the header's colon: `struct A<T: B>: C, D.E where T: F` gives C, D and E.
    private static func conformances(_ header: ArraySlice<SwiftToken>) -> [String] {
        var depth = 0
        var names: [String] = []
        var isPastColon = false
        for token in header {
            if token.reads("<") || token.reads("(") { depth += 1 }
            if token.reads(">") || token.reads(")") { depth -= 1 }
            if depth == 0, token.reads("where") { break }
            if depth == 0, token.reads(":") { isPastColon = true }
            if isPastColon, depth == 0, token.kind == .word { names.append(token.text) }
        }
        return names
    }

    private func innermost(_ index: Int) -> Scope? {
        scopes.last { $0.range.contains(index) }
    }

    /// What the innermost type around the token conforms to, as far as its header here says. An
    /// extension of a protocol holds default answers to that protocol.
    func conformances(at index: Int) -> [String] {
        guard let scope = innermost(index) else { return [] }
        return scope.keyword == "extension" ? scope.conformances + [scope.name] : scope.conformances
    }

    /// The protocol that the token is a direct part of.
    func protocolName(at index: Int) -> String? {
        guard let scope = innermost(index), scope.keyword == "protocol" else { return nil }
        return scope.name
    }
}
