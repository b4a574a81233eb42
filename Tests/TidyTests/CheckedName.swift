/// A name that a document gives something, and what is wrong with it; nil when that exists.
struct CheckedName: Sendable {
    /// What sort of name it is: told with the counts.
    let kind: String
    let path: String
    let line: Int
    let problem: String?

    var violation: Violation? {
        problem.map { Violation(path: path, line: line, message: $0) }
    }

    /// All names that the documents' rules look at.
    static func all(_ tree: SourceTree) -> [CheckedName] {
        DocumentPaths.names(tree) + DocumentTypes.names(tree) + DocumentCommands.names(tree)
            + ConfigurationKeys.names(tree) + Capabilities.names(tree) + ModuleTable.names(tree)
    }
}

/// Finds what somebody probably meant.
enum NearestName {
    /// ` The nearest is X.`, or nothing when there is nothing to choose from.
    static func hint(_ name: String, _ candidates: some Sequence<String>) -> String {
        let best = candidates.min {
            (distance(name, $0), $0) < (distance(name, $1), $1)
        }
        return best.map { ". The nearest is `\($0)`" } ?? ""
    }

    /// Levenshtein distance in bytes.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}

extension SourceFile {
    /// The folder it lies in, without a slash at its end: empty for the checkout's own.
    var folder: String { components.dropLast().joined(separator: "/") }

    /// Its name without the extension.
    var stem: String {
        let name = components.last.map(String.init) ?? ""
        return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }
}
