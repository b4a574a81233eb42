/// What the work left behind and nobody else can use: notes to oneself, places of one machine.
enum Traces {
    /// Written in two parts, so that this file doesn't break its own rule.
    static let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

    static func markers(_ tree: SourceTree) -> [Violation] {
        tree.files.flatMap { file in
            marks.flatMap { mark in
                file.lines(with: mark)
                    .filter { hasWord(mark, file.lines[$0 - 1]) }
                    .map { line in
                        Violation(
                            path: file.path, line: line,
                            message: "\(mark): do it, or open an issue and leave no mark")
                    }
            }
        }
    }

    private static func hasWord(_ word: String, _ line: String) -> Bool {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == word }
    }

    /// Folders that exist where someone built Millrace and not where it runs.
    static let places = [
        "/wo" + "rk/", "/opt/" + "swift", "/ro" + "ot/", "/ho" + "me/",
    ]

    static func machinePlaces(_ tree: SourceTree) -> [Violation] {
        tree.files.flatMap { file in
            places.flatMap { place in
                file.lines(with: place)
                    .filter { beginsPath(place, file.lines[$0 - 1]) }
                    .map { line in
                        Violation(
                            path: file.path, line: line,
                            message: "\(place) is a place of one machine: take it from a setting")
                    }
            }
        }
    }

    /// Whether `place` stands at the start of a path: in `$tree/root/.ssh` it doesn't.
    private static func beginsPath(_ place: String, _ line: String) -> Bool {
        var rest = line[...]
        while let match = rest.firstRange(of: place) {
            // The quote that ends `"$tree"` is as much inside a path as the name is.
            var before = line[..<match.lowerBound]
            if before.last == "\"" { before.removeLast() }
            guard let last = before.last,
                last.isLetter || last.isNumber || "_-.})/~*".contains(last)
            else { return true }
            rest = rest[match.upperBound...]
        }
        return false
    }

    /// Papers and numbers that are not in this repository. Written in parts, for the same reason.
    static let privatePapers = ["spe" + "c/", "ga" + "p G", "ga" + "ps G", "(" + "G"]

    static func references(_ tree: SourceTree) -> [Violation] {
        tree.files.flatMap { file in
            privatePapers.flatMap { mark in
                file.lines(with: mark)
                    .filter { refersTo(mark, file.lines[$0 - 1]) }
                    .map { line in
                        Violation(
                            path: file.path, line: line,
                            message: "nobody can look up what `\(mark)` stands for: say it, or"
                                + " link a page of docs")
                    }
            }
        }
    }

    /// Whether `mark` begins a word, and goes on as a file's name or a number does.
    private static func refersTo(_ mark: String, _ line: String) -> Bool {
        var rest = line[...]
        while let match = rest.firstRange(of: mark) {
            let before = line[..<match.lowerBound].last
            let after = line[match.upperBound...].prefix(2)
            let beginsWord = before.map { !($0.isLetter || $0.isNumber || "-_/".contains($0)) }
            let isNumber = after.count == 2 && after.allSatisfy(\.isNumber)
            let goesOn = mark.hasSuffix("/") ? after.first?.isLowercase == true : isNumber
            if beginsWord ?? true, goesOn { return true }
            rest = rest[match.upperBound...]
        }
        return false
    }

    /// Packages come from where everyone gets them: a mirror is a setting of a machine.
    static func packageSources(_ tree: SourceTree) -> [Violation] {
        tree.files.flatMap { file -> [Violation] in
            let name = file.components.last ?? ""
            if name == "Package.swift" { return manifestSources(file) }
            guard name.hasPrefix("requirements"), name.hasSuffix(".txt") else { return [] }
            return ["index-url", "find-links", "trusted-host", "://"].flatMap { option in
                file.lines(with: option).filter { !file.lines[$0 - 1].hasPrefix("#") }.map { line in
                    Violation(
                        path: file.path, line: line,
                        message: "`\(option)` names a registry: leave that to pip's settings")
                }
            }
        }
    }

    private static func manifestSources(_ file: SourceFile) -> [Violation] {
        guard let swift = file.swift else { return [] }
        return swift.tokens.indices.compactMap { index in
            guard swift.reads([".", "package", "("], at: index), index + 5 < swift.tokens.count
            else { return nil }
            let source = swift.tokens[index + 5]
            if swift.reads(["url", ":"], at: index + 3), source.kind == .string,
                source.text.hasPrefix("https://github.com/")
            {
                return nil
            }
            return Violation(
                path: file.path, line: swift.tokens[index].line,
                message: "a package must come by its `url:` under https://github.com/")
        }
    }
}
