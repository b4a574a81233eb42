/// How long a file, a line and a function may be.
enum Lengths {
    static let fileLinesMax = 400
    static let functionLinesMax = 70
    static let lineColumnsMax = 100

    static func files(_ tree: SourceTree) -> [Violation] {
        programs(tree).filter { $0.lines.count > fileLinesMax }.map { file in
            Violation(
                path: file.path, line: 0,
                message: "has \(file.lines.count) lines, the limit is \(fileLinesMax): split it")
        }
    }

    static func lines(_ tree: SourceTree) -> [Violation] {
        programs(tree).flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                guard line.utf8.count > lineColumnsMax, line.count > lineColumnsMax else {
                    return nil
                }
                return Violation(
                    path: file.path, line: index + 1,
                    message: "has \(line.count) columns, the limit is \(lineColumnsMax)")
            }
        }
    }

    static func functions(_ tree: SourceTree) -> [Violation] {
        programs(tree).flatMap { file in
            let found = file.swift.map(SwiftFunctions.spans) ?? PythonFunctions.spans(file.lines)
            return found.filter { $0.lineCount > functionLinesMax }.map { function in
                Violation(
                    path: file.path, line: function.firstLine,
                    message: "\(function.name) has \(function.lineCount) lines, the limit is "
                        + "\(functionLinesMax): let it decide and others compute")
            }
        }
    }

    private static func programs(_ tree: SourceTree) -> [SourceFile] {
        tree.files.filter { $0.swift != nil || $0.isPython }
    }
}

/// Where a function stands.
struct FunctionSpan: Sendable, Equatable {
    let name: String
    let firstLine: Int
    let lastLine: Int

    /// From its first word to its closing brace.
    var lineCount: Int { lastLine - firstLine + 1 }
}

/// Finds the bodies of functions, initialisers, subscripts and computed properties.
enum SwiftFunctions {
    static func spans(_ swift: SwiftText) -> [FunctionSpan] {
        swift.tokens.indices.compactMap { index in
            guard starts.contains(swift.tokens[index].text),
                let name = declaredName(swift, index), let open = body(swift, index),
                let close = swift.closing(of: open)
            else { return nil }
            return FunctionSpan(
                name: name, firstLine: swift.tokens[index].line,
                lastLine: swift.tokens[close].line)
        }
    }

    private static let starts: Set<String> = ["func", "init", "deinit", "subscript", "var"]

    /// The name, if a declaration that can have a body begins with this token.
    private static func declaredName(_ swift: SwiftText, _ index: Int) -> String? {
        let token = swift.tokens[index]
        guard token.kind == .word else { return nil }
        if index > 0, swift.tokens[index - 1].reads(".") { return nil }
        let next = index + 1 < swift.tokens.count ? swift.tokens[index + 1] : nil
        switch token.text {
        case "func": return next?.text
        case "init":
            return ["(", "<", "?", "!"].contains { next?.reads($0) ?? false } ? "init" : nil
        case "deinit", "subscript": return token.text
        case "var":
            // Without a type it is stored, or a binding: `if var value {` opens no property.
            return swift.reads([":"], at: index + 2) ? next?.text : nil
        default: return nil
        }
    }

    /// Words that begin another declaration, so that the one before had no body.
    private static let declarations: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "case", "associatedtype", "typealias",
        "struct", "class", "enum", "actor", "protocol", "extension", "public", "private", "static",
        "internal", "fileprivate", "package", "mutating", "nonisolated",
    ]

    /// The brace that opens the body of what is declared at `index`; nil if it has none.
    private static func body(_ swift: SwiftText, _ index: Int) -> Int? {
        let isProperty = swift.tokens[index].reads("var")
        var position = index + 1
        while position < swift.tokens.count {
            let token = swift.tokens[position]
            switch token.text {
            case "{" where token.kind == .symbol: return position
            case "(" where token.kind == .symbol, "[" where token.kind == .symbol:
                guard let close = swift.closing(of: position) else { return nil }
                position = close
            case "}", ")", "]": return nil
            case "=" where isProperty && !swift.reads(["="], at: position - 1): return nil
            default:
                let isNext = position > index + 1 && token.kind == .word
                if isNext, declarations.contains(token.text) { return nil }
                if isProperty, token.startsLine, endsType(swift.tokens[position - 1]) { return nil }
            }
            position += 1
        }
        return nil
    }

    /// Whether a type may end with this token, so that a new line begins a new statement.
    private static func endsType(_ token: SwiftToken) -> Bool {
        ![":", ",", ">", "<", "&", "."].contains(token.text) || token.kind != .symbol
    }
}

/// Finds Python's functions by their indentation.
enum PythonFunctions {
    static func spans(_ lines: [String]) -> [FunctionSpan] {
        let depths = indentations(lines)
        return lines.indices.compactMap { first in
            guard let depth = depths[first], let name = functionName(lines[first]) else {
                return nil
            }
            var last = first
            for index in lines.indices.dropFirst(first + 1) {
                guard let inner = depths[index] else { continue }
                // The line that closes a long parameter list stands as deep as `def`.
                if inner <= depth, !lines[index].drop(while: { $0 == " " }).hasPrefix(")") { break }
                last = index
            }
            return FunctionSpan(name: name, firstLine: first + 1, lastLine: last + 1)
        }
    }

    private static func functionName(_ line: String) -> String? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "(" })
        guard let start = words.firstIndex(of: "def"), start <= 1, words.count > start + 1,
            start == 0 || words[0] == "async"
        else { return nil }
        return String(words[start + 1])
    }

    /// Each line's indentation; nil for blank lines, comments and the inside of long strings.
    private static func indentations(_ lines: [String]) -> [Int?] {
        var openQuote: String?
        return lines.map { line in
            let inside = openQuote != nil
            openQuote = quote(openAfter: line, openQuote)
            let content = line.drop { $0 == " " || $0 == "\t" }
            if inside || content.isEmpty || content.hasPrefix("#") { return nil }
            return line.count - content.count
        }
    }

    /// The triple quote that is open after the line, given the one open before it.
    private static func quote(openAfter line: String, _ before: String?) -> String? {
        var open = before
        for part in tripleQuotes where line.contains(part) {
            let count = line.components(of: part) - 1
            if open == nil || open == part, !count.isMultiple(of: 2) {
                open = open == nil ? part : nil
            }
        }
        return open
    }

    private static let tripleQuotes = ["\"\"\"", "'''"]
}

extension String {
    /// How many parts `separator` makes of it.
    fileprivate func components(of separator: String) -> Int {
        var count = 1
        var rest = self[...]
        while let match = rest.firstRange(of: separator) {
            count += 1
            rest = rest[match.upperBound...]
        }
        return count
    }
}
