/// Splits Swift source into tokens and comments. It knows what hides code: nested block comments,
/// string literals (raw ones, multi-line ones, with interpolations, which are code) and regular
/// expression literals.
struct SwiftLexer {
    private(set) var tokens: [SwiftToken] = []
    private(set) var comments: [SwiftComment] = []
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var lineOfLastToken = 0
    private var endOfLastToken = -1

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        let index = position + offset
        return index < bytes.count ? bytes[index] : 0
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// Reads to the end of the text, or to the parenthesis that ends an interpolation.
    mutating func readCode(insideInterpolation: Bool) {
        var depth = 0
        while position < bytes.count {
            switch byte() {
            case .newline:
                line += 1
                position += 1
            case .space, .tab, .carriageReturn: position += 1
            case .slash where byte(1) == .slash: readLineComment()
            case .slash where byte(1) == .star: readBlockComment()
            case .slash where beginsRegex: skipRegex(hashes: 0)
            case .quote, .hash: readLiteralOrHash()
            case let head where head.isWordHead: readWord()
            case let head where head.isDigit: readNumber()
            default:
                if byte() == .openParenthesis { depth += 1 }
                if byte() == .closeParenthesis { depth -= 1 }
                readSymbol()
                if insideInterpolation, depth == 0 { return }
            }
        }
    }

    // MARK: Tokens

    private mutating func append(_ kind: SwiftToken.Kind, _ text: String, from start: Int) {
        tokens.append(
            SwiftToken(
                kind: kind, text: text, line: line, startsLine: line != lineOfLastToken,
                touchesPrevious: start == endOfLastToken))
        lineOfLastToken = line
        endOfLastToken = position
    }

    private mutating func readWord() {
        let start = position
        position += 1
        while byte().isWordHead || byte().isDigit { position += 1 }
        append(.word, text(start..<position), from: start)
    }

    private mutating func readNumber() {
        let start = position
        while byte().isWordHead || byte().isDigit || (byte() == .dot && byte(1).isDigit) {
            position += 1
        }
        append(.number, text(start..<position), from: start)
    }

    private mutating func readSymbol() {
        position += 1
        append(.symbol, text(position - 1..<position), from: position - 1)
    }

    // MARK: Comments

    private mutating func readLineComment() {
        let start = position
        while position < bytes.count, byte() != .newline { position += 1 }
        appendComment(from: start, firstLine: line, mark: "///")
    }

    private mutating func readBlockComment() {
        let start = position
        let firstLine = line
        var depth = 0
        repeat {
            if byte() == .slash, byte(1) == .star {
                depth += 1
                position += 2
            } else if byte() == .star, byte(1) == .slash {
                depth -= 1
                position += 2
            } else {
                if byte() == .newline { line += 1 }
                position += 1
            }
        } while depth > 0 && position < bytes.count
        appendComment(from: start, firstLine: firstLine, mark: "/**")
    }

    private mutating func appendComment(from start: Int, firstLine: Int, mark: String) {
        let content = text(start..<position)
        let hasText = content.utf8.contains { $0.isWordHead || $0.isDigit }
        comments.append(
            SwiftComment(
                firstLine: firstLine, lastLine: line,
                isDocumentation: content.hasPrefix(mark) && hasText))
    }

    // MARK: Literals

    private mutating func readLiteralOrHash() {
        var hashes = 0
        while byte(hashes) == .hash { hashes += 1 }
        switch byte(hashes) {
        case .quote: readString(hashes: hashes)
        case .slash where hashes > 0: skipRegex(hashes: hashes)
        default: readSymbol()
        }
    }

    private mutating func readString(hashes: Int) {
        let start = position
        position += hashes
        let quotes = byte(1) == .quote && byte(2) == .quote ? 3 : 1
        position += quotes
        append(.string, "", from: start)
        let index = tokens.count - 1
        var content: [UInt8] = []
        while position < bytes.count, !ends(quotes: quotes, hashes: hashes) {
            if byte() == .backslash, hasHashes(hashes, at: 1) {
                if byte(1 + hashes) == .openParenthesis {
                    position += 1 + hashes
                    readCode(insideInterpolation: true)
                    continue
                }
                position += 1 + hashes
            }
            if byte() == .newline { line += 1 }
            content.append(byte())
            position += 1
        }
        position += quotes + hashes
        tokens[index].text = String(decoding: content, as: UTF8.self)
        lineOfLastToken = line
        endOfLastToken = position
    }

    private func ends(quotes: Int, hashes: Int) -> Bool {
        for offset in 0..<quotes where byte(offset) != .quote { return false }
        return hasHashes(hashes, at: quotes)
    }

    private func hasHashes(_ count: Int, at offset: Int) -> Bool {
        for index in 0..<count where byte(offset + index) != .hash { return false }
        return true
    }

    /// A slash begins a literal where no operand stands before it, no space follows and another
    /// slash is on the line.
    private var beginsRegex: Bool {
        if byte(1) == .space || byte(1) == .newline { return false }
        if let last = tokens.last {
            let operandEnds = last.kind != .symbol || [")", "]", "}", "?", "!"].contains(last.text)
            if operandEnds, !last.reads("return") { return false }
        }
        var offset = 1
        while position + offset < bytes.count, byte(offset) != .newline {
            if byte(offset) == .slash { return true }
            offset += byte(offset) == .backslash ? 2 : 1
        }
        return false
    }

    private mutating func skipRegex(hashes: Int) {
        let start = position
        position += hashes + 1
        while position < bytes.count {
            if byte() == .slash, hasHashes(hashes, at: 1) { break }
            if byte() == .newline { line += 1 }
            position += byte() == .backslash ? 2 : 1
        }
        position += 1 + hashes
        append(.string, "", from: start)
    }
}

extension UInt8 {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let tab = UInt8(ascii: "\t")
    static let space = UInt8(ascii: " ")
    static let slash = UInt8(ascii: "/")
    static let star = UInt8(ascii: "*")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let backslash = UInt8(ascii: "\\")
    static let dot = UInt8(ascii: ".")
    static let openParenthesis = UInt8(ascii: "(")
    static let closeParenthesis = UInt8(ascii: ")")

    /// A decimal digit.
    var isDigit: Bool { self >= 48 && self <= 57 }

    /// May begin an identifier: a letter, an underscore, a backtick, `$`, or beyond ASCII.
    var isWordHead: Bool {
        (self >= 97 && self <= 122) || (self >= 65 && self <= 90) || self == 95 || self == 96
            || self == 36 || self >= 128
    }
}
