/// A document taken apart as far as the rules need: what stands in backticks, in fenced blocks, in
/// links, headings and tables, each with its line (from 1).
struct Markdown: Sendable {
    /// Text in backticks; a line break inside is one space.
    struct Span: Sendable, Equatable {
        let text: String
        let line: Int
    }

    /// A fenced block.
    struct Block: Sendable {
        let language: String
        let lines: [(line: Int, text: String)]
    }

    /// A row of a table, with the cells of its header.
    struct Row: Sendable {
        let line: Int
        let header: [String]
        let cells: [String]

        /// What stands in backticks in one cell; none where there is no such cell.
        func spans(_ column: Int) -> [Span] {
            guard column < cells.count else { return [] }
            return Markdown.spans([(line, cells[column])])
        }
    }

    private(set) var spans: [Span] = []
    private(set) var blocks: [Block] = []
    private(set) var links: [Span] = []
    private(set) var rows: [Row] = []
    private(set) var anchors: Set<String> = []
    /// Lines outside of blocks.
    private(set) var prose: [(line: Int, text: String)] = []

    init(_ lines: [String]) {
        var fence: (language: String, lines: [(Int, String)])?
        for (index, line) in lines.enumerated() {
            if line.trimmed.hasPrefix("```") {
                if let open = fence {
                    blocks.append(Block(language: open.language, lines: open.lines))
                    fence = nil
                } else {
                    fence = (String(line.trimmed.dropFirst(3)), [])
                    prose.append((index + 1, ""))
                }
            } else if fence != nil {
                fence?.lines.append((index + 1, line))
            } else {
                prose.append((index + 1, line))
            }
        }
        readProse()
    }

    private mutating func readProse() {
        var paragraph: [(Int, String)] = []
        var header: [String]?
        for (line, text) in prose {
            if text.hasPrefix("#") { anchors.insert(Self.anchor(text)) }
            let cells = Self.cells(text)
            if let cells, let header {
                if !cells.allSatisfy({ $0.allSatisfy { "-: ".contains($0) } }) {
                    rows.append(Row(line: line, header: header, cells: cells))
                }
            } else {
                header = cells
            }
            if cells == nil, !text.trimmed.isEmpty {
                paragraph.append((line, text))
                continue
            }
            close(&paragraph)
            if cells != nil {
                paragraph = [(line, text)]
                close(&paragraph)
            }
        }
        close(&paragraph)
    }

    private mutating func close(_ paragraph: inout [(Int, String)]) {
        spans += Self.spans(paragraph)
        for (line, text) in paragraph {
            for match in text.matches(of: /\]\(([^)\s]+)\)/) {
                links.append(Span(text: String(match.1), line: line))
            }
        }
        paragraph = []
    }

    /// The cells of a table's row; nil for another line.
    private static func cells(_ line: String) -> [String]? {
        guard line.hasPrefix("| ") || line.hasPrefix("|-") else { return nil }
        var cells = [""]
        var previous: Character = " "
        for character in line.trimmed.dropFirst() {
            if character == "|", previous != "\\" {
                cells.append("")
            } else {
                cells[cells.count - 1].append(character)
            }
            previous = character
        }
        return cells.dropLast().map(\.trimmed)
    }

    /// What stands in backticks in lines that belong together. A span lies at its first line.
    private static func spans(_ lines: [(Int, String)]) -> [Span] {
        var found: [Span] = []
        var open: (text: String, line: Int)?
        for (line, text) in lines {
            for character in text {
                guard character == "`" else {
                    open?.text.append(character)
                    continue
                }
                if let span = open {
                    let words = span.text.replacing("\\|", with: "|").split(separator: " ")
                    found.append(Span(text: words.joined(separator: " "), line: span.line))
                    open = nil
                } else {
                    open = ("", line)
                }
            }
            open?.text.append(" ")
        }
        return found
    }

    /// As web pages make them of headings: letters, digits, `-` and `_`; a space is a dash.
    private static func anchor(_ heading: String) -> String {
        let text = heading.drop { $0 == "#" }.trimmed.lowercased()
        return String(
            text.compactMap { character -> Character? in
                if character == " " { return "-" }
                return character.isLetter || character.isNumber || "-_".contains(character)
                    ? character : nil
            })
    }
}

extension StringProtocol {
    /// Without blanks at both ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
