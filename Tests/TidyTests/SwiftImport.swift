/// A module that a file imports; `import struct Foundation.Date` names Foundation.
struct SwiftImport: Sendable, Equatable {
    let module: String
    let line: Int

    /// All imports among the tokens.
    static func all(in tokens: [SwiftToken]) -> [SwiftImport] {
        tokens.indices.compactMap { index in
            guard tokens[index].kind == .word, tokens[index].text == "import",
                index + 1 < tokens.count,
                tokens[index].startsLine || hasModifiers(tokens, index)
            else { return nil }
            let name = kinds.contains(tokens[index + 1].text) ? index + 2 : index + 1
            guard name < tokens.count, tokens[name].kind == .word else { return nil }
            return SwiftImport(module: tokens[name].text, line: tokens[name].line)
        }
    }

    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "typealias", "var", "let",
    ]
    private static let modifiers: Set<String> = [
        "public", "package", "internal", "fileprivate", "private", ")",
    ]

    /// `@testable import`, `public import`, `@_spi(Name) import`
    private static func hasModifiers(_ tokens: [SwiftToken], _ index: Int) -> Bool {
        guard index > 0 else { return true }
        let isModifier = modifiers.contains(tokens[index - 1].text)
        return isModifier || (index > 1 && tokens[index - 2].reads("@"))
    }
}
