/// Words that say nothing about what they name. A thing has a better name: what it does.
enum Names {
    static let empty: Set<String> = [
        "util", "utils", "utility", "utilities", "helper", "helpers", "common", "misc",
        "miscellaneous", "manager", "managers", "stuff",
    ]

    static func check(_ tree: SourceTree) -> [Violation] {
        tree.files.flatMap { file in fileNames(file) + typeNames(file) }
    }

    private static func fileNames(_ file: SourceFile) -> [Violation] {
        guard ["Sources", "Tests", "Lab"].contains(where: file.isIn) else { return [] }
        return file.components.compactMap { part in
            complaint(String(part)).map { Violation(path: file.path, line: 0, message: $0) }
        }
    }

    private static let typeKeywords: Set<String> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype",
    ]

    private static func typeNames(_ file: SourceFile) -> [Violation] {
        if file.isPython { return pythonTypeNames(file) }
        guard let swift = file.swift else { return [] }
        return swift.tokens.indices.dropLast().compactMap { index in
            guard swift.tokens[index].kind == .word,
                typeKeywords.contains(swift.tokens[index].text)
            else { return nil }
            let name = swift.tokens[index + 1]
            guard name.kind == .word, let message = complaint(name.text)
            else { return nil }
            return Violation(path: file.path, line: name.line, message: message)
        }
    }

    private static func pythonTypeNames(_ file: SourceFile) -> [Violation] {
        file.lines(with: "class ").compactMap { line in
            let words = file.lines[line - 1].split { !($0.isLetter || $0.isNumber || $0 == "_") }
            guard words.count > 1, words[0] == "class", let message = complaint(String(words[1]))
            else { return nil }
            return Violation(path: file.path, line: line, message: message)
        }
    }

    private static func complaint(_ name: String) -> String? {
        guard let word = words(name).first(where: empty.contains) else { return nil }
        return "`\(name)`: \"\(word)\" says nothing; name it by what it does"
    }

    /// `HTTPUtils2.swift` has the words http, utils and swift.
    static func words(_ name: String) -> [String] {
        var words: [String] = []
        var current = ""
        var previous: Character = "_"
        let characters = Array(name)
        for (index, character) in characters.enumerated() {
            let isLetter = character.isLetter
            let nextIsLower = index + 1 < characters.count && characters[index + 1].isLowercase
            let beginsWord = character.isUppercase && (previous.isLowercase || nextIsLower)
            if !isLetter || beginsWord {
                if !current.isEmpty { words.append(current) }
                current = ""
            }
            if isLetter { current += character.lowercased() }
            previous = character
        }
        if !current.isEmpty { words.append(current) }
        return words
    }
}
