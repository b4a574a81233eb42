/// What README says works is shown somewhere: each line of its list has a row in docs/testing.md,
/// and what the rows name exists.
enum Capabilities {
    static let list = "README.md"
    static let table = "docs/testing.md"

    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        guard let readme = tree.file(list)?.markdown, let page = tree.file(table)?.markdown else {
            return []
        }
        let claims = claims(readme.prose)
        let rows = page.rows.filter { $0.header.first == "capability" }
        guard !claims.isEmpty else {
            let problem = "a list of what works, each with its name in bold, is missing"
            return [CheckedName(kind: "capabilities", path: list, line: 0, problem: problem)]
        }
        let shown = Set(rows.compactMap(\.cells.first))
        let told = claims.map { claim in
            CheckedName(
                kind: "capabilities", path: list, line: claim.line,
                problem: claim.name.map { name in
                    shown.contains(name)
                        ? nil : "`\(name)` has no row in \(table)" + NearestName.hint(name, shown)
                } ?? "a line of what works begins with its name in bold")
        }
        let names = Set(claims.compactMap(\.name))
        let evidence = Evidence(tree)
        return told
            + rows.flatMap { row -> [CheckedName] in
                let name = row.cells.first ?? ""
                let own = CheckedName(
                    kind: "rows of capabilities", path: table, line: row.line,
                    problem: names.contains(name)
                        ? isEmpty(row) ? "nothing is named that shows `\(name)`" : nil
                        : "`\(name)` is not in the list of \(list)"
                            + NearestName.hint(name, names))
                return [own] + evidence.names(row)
            }
    }

    private static func isEmpty(_ row: Markdown.Row) -> Bool {
        row.cells.indices.dropFirst().allSatisfy { row.spans($0).isEmpty }
    }

    /// The lines from "Works" to "Not yet" that begin with a dash; without a name where it has
    /// none in bold.
    private static func claims(
        _ prose: [(line: Int, text: String)]
    ) -> [(line: Int, name: String?)] {
        guard let start = prose.firstIndex(where: { $0.text.hasPrefix("Works") }) else { return [] }
        return prose[start...].prefix { !$0.text.hasPrefix("Not yet") }
            .filter { $0.text.hasPrefix("- ") }
            .map { line, text in
                (line, text.prefixMatch(of: /- \*\*([^*]+)\*\*/).map { String($0.1) })
            }
    }
}

/// Suites, tests with the real client and steps of the lab.
private struct Evidence {
    /// `Target/Suite`
    private let suites: Set<String>
    /// `Class.method`, by folder.
    private let methods: [String: Set<String>]

    private static let folders = [2: "Tests/ClientTests", 3: "Lab/millrace_lab"]

    init(_ tree: SourceTree) {
        suites = Set(
            tree.swiftFiles.filter { $0.file.isIn("Tests") }.flatMap { file, swift in
                Self.suites(swift).map { "\(file.target ?? "")/\($0)" }
            })
        var methods: [String: Set<String>] = [:]
        for folder in Self.folders.values {
            for file in tree.files where file.isPython && file.isIn(folder) {
                methods[folder, default: []].formUnion(Self.methods(file))
            }
        }
        self.methods = methods
    }

    /// Types behind `@Suite`, whatever stands in its parentheses.
    private static func suites(_ swift: SwiftText) -> [String] {
        swift.tokens.indices.compactMap { index in
            guard swift.reads(["@", "Suite"], at: index),
                let declared = Declaration(swift, after: index + 1)
            else { return nil }
            return declared.name
        }
    }

    /// Each `def` below the class that comes before it.
    private static func methods(_ file: SourceFile) -> [String] {
        var type = ""
        return file.lines.compactMap { line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            if line.hasPrefix("class "), words.count > 1 { type = String(words[1]) }
            guard line.hasPrefix("    def "), words.count > 1 else { return nil }
            return "\(type).\(words[1])"
        }
    }

    func names(_ row: Markdown.Row) -> [CheckedName] {
        row.cells.indices.dropFirst().flatMap { column in
            let known = Self.folders[column].map { methods[$0] ?? [] } ?? suites
            let place = Self.folders[column] ?? "Tests"
            return row.spans(column).map { span in
                CheckedName(
                    kind: "tests and steps that show them", path: Capabilities.table,
                    line: span.line,
                    problem: known.contains(span.text)
                        ? nil
                        : "`\(span.text)` is not in \(place)" + NearestName.hint(span.text, known))
            }
        }
    }
}
