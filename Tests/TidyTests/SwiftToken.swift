/// A piece of Swift source that is code: neither comment nor the inside of a string literal.
struct SwiftToken: Sendable, Equatable {
    /// What sort of piece it is.
    enum Kind: Sendable, Equatable {
        /// An identifier or keyword; one in backticks keeps them, and so is no keyword.
        case word
        case number
        /// A string literal; `text` is what stands between its quotes, interpolations left out.
        case string
        /// One character of punctuation or of an operator.
        case symbol
    }

    let kind: Kind
    var text: String
    /// The line it begins on, from 1.
    let line: Int
    /// It is the first token of its line.
    let startsLine: Bool
    /// No space is between it and the token before.
    let touchesPrevious: Bool

    /// Whether this is the given word or symbol; a string literal never is.
    func reads(_ text: String) -> Bool { kind != .string && self.text == text }
}

/// A comment and where it stands.
struct SwiftComment: Sendable, Equatable {
    let firstLine: Int
    let lastLine: Int
    /// `///` or `/**`, with some text in it.
    let isDocumentation: Bool
}

/// A Swift file taken apart.
struct SwiftText: Sendable {
    let tokens: [SwiftToken]
    let comments: [SwiftComment]
    /// The lines that have a comment or a part of one.
    let commentLines: Set<Int>
    let imports: [SwiftImport]

    init(_ text: String) {
        var lexer = SwiftLexer(text)
        lexer.readCode(insideInterpolation: false)
        tokens = lexer.tokens
        comments = lexer.comments
        imports = SwiftImport.all(in: lexer.tokens)
        commentLines = Set(lexer.comments.flatMap { $0.firstLine...$0.lastLine })
    }

    /// Whether the tokens from `index` on read like `words`.
    func reads(_ words: [String], at index: Int) -> Bool {
        guard index >= 0, index + words.count <= tokens.count else { return false }
        for (offset, word) in words.enumerated() where !tokens[index + offset].reads(word) {
            return false
        }
        return true
    }

    /// The bracket that closes the one at `index`; nil if the file ends before.
    func closing(of index: Int) -> Int? {
        var depth = 0
        for position in index..<tokens.count where tokens[position].kind == .symbol {
            switch tokens[position].text {
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
        }
        return nil
    }

    /// The bracket that opens what is closed at `index`; nil if the file begins after.
    func opening(of index: Int) -> Int? {
        var depth = 0
        for position in (0...index).reversed() where tokens[position].kind == .symbol {
            switch tokens[position].text {
            case ")", "]", "}": depth += 1
            case "(", "[", "{":
                depth -= 1
                if depth == 0 { return position }
            default: break
            }
        }
        return nil
    }
}
