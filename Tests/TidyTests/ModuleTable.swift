/// The architecture's table of modules says of each target in Sources what it imports of ours, as
/// the manifest does.
enum ModuleTable {
    static let page = "docs/architecture.md"

    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        guard let text = tree.file(page)?.markdown, let manifest = tree.file("Package.swift")?.swift
        else {
            return []
        }
        let targets = Manifest(manifest).targets
        let folders = Set(tree.files.filter { $0.isIn("Sources") }.compactMap(\.target))
        let rows = text.rows.filter { $0.header.first == "folder in `Sources`" }
        let told = Dictionary(
            rows.flatMap { row in row.spans(0).map { ($0.text, row) } },
            uniquingKeysWith: { first, _ in first })
        let strangers = told.filter { !folders.contains($0.key) }.map { name, row in
            checked(row.line, "`\(name)` is no folder of Sources" + NearestName.hint(name, folders))
        }
        return strangers
            + folders.sorted().map { name in
                guard let row = told[name] else {
                    return checked(0, "`\(name)` has no row in the table of modules")
                }
                let target = targets.first { $0.name == name }
                let imported = Set(target?.dependencies ?? []).intersection(folders)
                let said = Set(row.spans(2).map(\.text))
                guard imported != said else { return checked(row.line, nil) }
                let missing = imported.subtracting(said).sorted().joined(separator: ", ")
                let surplus = said.subtracting(imported).sorted().joined(separator: ", ")
                return checked(
                    row.line,
                    "`\(name)` imports other modules than its row says: missing [\(missing)],"
                        + " too many [\(surplus)]")
            }
    }

    private static func checked(_ line: Int, _ problem: String?) -> CheckedName {
        CheckedName(kind: "rows of modules", path: page, line: line, problem: problem)
    }
}
