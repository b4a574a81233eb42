/// Files, folders and headings that documents name exist: links with their anchors, and in
/// backticks `Sources/CLI`, `lab.py`, `Conductor/Placements` (a file, folder or type of a target).
enum DocumentPaths {
    static func check(_ tree: SourceTree) -> [Violation] { names(tree).compactMap(\.violation) }

    static func names(_ tree: SourceTree) -> [CheckedName] {
        let places = Places(tree)
        let pages = tree.files.compactMap { page in page.markdown.map { (page.path, $0) } }
        let parsed = Dictionary(uniqueKeysWithValues: pages)
        let links = tree.files.flatMap { page in
            (page.markdown?.links ?? []).compactMap { link(page, $0, places, parsed) }
        }
        return links
            + tree.documents.flatMap { page, text -> [CheckedName] in
                let below = places.below(page.folder)
                return text.spans.compactMap { path(page, $0, places, below) }
            }
    }

    // MARK: Links

    private static func link(
        _ page: SourceFile, _ link: Markdown.Span, _ places: Places, _ pages: [String: Markdown]
    ) -> CheckedName? {
        guard !link.text.contains("://") else { return nil }
        let parts = link.text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let target = parts[0].isEmpty ? page.path : resolved(String(parts[0]), page.folder)
        var problem: String?
        if !places.all.contains(target) {
            problem =
                "the link to `\(link.text)` leads nowhere"
                + NearestName.hint(target, places.all)
        } else if parts.count > 1, let anchors = pages[target]?.anchors,
            !anchors.contains(String(parts[1]))
        {
            problem =
                "\(target) has no heading `#\(parts[1])`"
                + NearestName.hint(String(parts[1]), anchors)
        }
        return CheckedName(kind: "links", path: page.path, line: link.line, problem: problem)
    }

    /// `../a` seen from a folder, from the checkout's root on.
    private static func resolved(_ path: String, _ folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                if !parts.isEmpty { parts.removeLast() }
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    // MARK: Backticks

    /// Nil for what names nothing of the checkout.
    private static func path(
        _ page: SourceFile, _ span: Markdown.Span, _ places: Places, _ below: Set<String>
    ) -> CheckedName? {
        let text = span.text.hasSuffix("/") ? String(span.text.dropLast()) : span.text
        guard text.wholeMatch(of: /[A-Za-z0-9_.+*-]+(\/[A-Za-z0-9_.+*-]+)*/) != nil else {
            return nil
        }
        func named(_ kind: String, _ candidates: Set<String>, _ what: String) -> CheckedName {
            let isThere =
                text.contains("*")
                ? candidates.contains { fits($0, text) } : candidates.contains(text)
            return CheckedName(
                kind: kind, path: page.path, line: span.line,
                problem: isThere
                    ? nil : "`\(text)` \(what)" + NearestName.hint(text, candidates))
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else {
            let isFile = [".swift", ".py", ".md", ".sh"].contains { text.hasSuffix($0) }
            return isFile ? named("files", places.fileNames, "is no file here") : nil
        }
        if parts.contains(where: isPlaceholder) { return nil }
        if places.topFolders.contains(parts[0]) {
            return named("paths", places.all, "doesn't exist")
        }
        if let members = places.members[parts[0]] {
            return named("parts of targets", members, "is no file, folder or type of that target")
        }
        guard below.contains(parts[0]) else { return nil }
        return named("paths", below, "doesn't exist below \(page.folder)")
    }

    /// `STAGE` in `recipes/STAGE/build.sh` stands for something.
    private static func isPlaceholder(_ part: String) -> Bool {
        part.count > 2 && part.allSatisfy { $0.isUppercase || "-_.".contains($0) }
    }

    /// Whether a name fits a pattern with stars.
    private static func fits(_ name: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, name.hasPrefix(first),
            name.hasSuffix(last), name.utf8.count >= first.utf8.count + last.utf8.count
        else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let match = rest.firstRange(of: part) else { return false }
            rest = rest[match.upperBound...]
        }
        return true
    }
}

/// What there is in the checkout, by the ways in which documents name it.
private struct Places {
    /// Files and folders, from the checkout's root on.
    let all: Set<String>
    let fileNames: Set<String>
    let topFolders: Set<String>
    /// `Target/Name` for each file (without its extension), folder and type, by target.
    let members: [String: Set<String>]

    init(_ tree: SourceTree) {
        var all: Set<String> = []
        var members: [String: Set<String>] = [:]
        for file in tree.files {
            let parts = file.components
            for end in 1...max(1, parts.count) {
                all.insert(parts.prefix(end).joined(separator: "/"))
            }
            guard let target = file.target else { continue }
            let inner = parts.dropFirst(2).dropLast().map(String.init)
            let types = file.swift.map(DeclaredNames.types) ?? []
            let names = inner + types + [file.stem, String(parts.last ?? "")]
            members[target, default: []].formUnion(names.map { "\(target)/\($0)" })
        }
        self.all = all
        self.members = members
        fileNames = Set(tree.files.compactMap { $0.components.last.map(String.init) })
        topFolders = Set(
            tree.files.filter { $0.components.count > 1 }.compactMap {
                $0.components.first.map(String.init)
            })
    }

    /// What lies below a folder, as seen from it; nothing for the checkout's own.
    func below(_ folder: String) -> Set<String> {
        guard !folder.isEmpty else { return [] }
        return Set(
            all.filter { $0.hasPrefix(folder + "/") }
                .map { String($0.dropFirst(folder.count + 1)) })
    }
}
