/// What documents show of command lines: in backticks, in fenced blocks from the first column on.
struct ShellLine: Sendable, Equatable {
    let words: [String]
    let line: Int

    /// All of a document, continued lines joined, comments left out.
    static func all(_ text: Markdown) -> [ShellLine] {
        let spans = text.spans.map { ShellLine(words: split($0.text), line: $0.line) }
        return spans + text.blocks.flatMap(lines) + indented(text.prose)
    }

    /// A line that is indented below another one goes on with it.
    private static func lines(_ block: Markdown.Block) -> [ShellLine] {
        var found: [(text: String, line: Int, goesOn: Bool)] = []
        for (line, text) in block.lines {
            let isIndented = text.first?.isWhitespace == true
            if let last = found.last, last.goesOn || isIndented {
                found[found.count - 1].text = last.text.droppingBackslash + " " + text.trimmed
                found[found.count - 1].goesOn = text.hasSuffix("\\")
            } else if !isIndented {
                found.append((text, line, text.hasSuffix("\\")))
            }
        }
        return found.map { ShellLine(words: split($0.text), line: $0.line) }
    }

    /// A block may be made by four blanks, too.
    private static func indented(_ prose: [(line: Int, text: String)]) -> [ShellLine] {
        prose.filter { $0.text.hasPrefix("    ") }
            .map { ShellLine(words: split($0.text), line: $0.line) }
    }

    private static func split(_ text: String) -> [String] {
        let code = text.firstRange(of: " #").map { String(text[..<$0.lowerBound]) } ?? text
        return code.split { $0 == " " || $0 == "[" || $0 == "]" || $0 == "'" || $0 == "\"" }
            .map(String.init)
    }

    /// The words behind the program's name, if the line calls it: bare, by a path, by sudo, behind
    /// variables, or as a unit's `ExecStart=`.
    func arguments(of program: String) -> [String]? {
        for (index, word) in words.enumerated() {
            let isCall = word == program || word.hasSuffix("/" + program)
            let isUser = index > 0 && words[index - 1] == "-u"
            if isCall, !isUser { return Array(words[(index + 1)...]) }
            let mayStand =
                isUser || word.contains("=")
                || ["sudo", "-u", "exec", "python3"]
                    .contains(word)
            if !mayStand { return nil }
        }
        return nil
    }
}

extension String {
    fileprivate var droppingBackslash: String {
        hasSuffix("\\") ? String(dropLast()) : self
    }
}
