import Foundation

/// One text file of the checkout.
struct SourceFile: Sendable {
    /// From the checkout's root, with slashes: `Sources/Scheduler/Rejection.swift`.
    let path: String
    let text: String
    let lines: [String]
    /// The tokens, if it is Swift.
    let swift: SwiftText?
    /// The parts of a page, if it is one.
    let markdown: Markdown?

    init(path: String, text: String) {
        self.path = path
        self.text = text
        var lines = text.utf8.split(separator: .newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        swift = path.hasSuffix(".swift") ? SwiftText(text) : nil
        markdown = path.hasSuffix(".md") ? Markdown(lines) : nil
    }

    var isPython: Bool { path.hasSuffix(".py") }

    /// `["Sources", "Scheduler", "Rejection.swift"]`
    var components: [Substring] { path.split(separator: "/") }

    /// The name of the target the file belongs to; nil outside `Sources/` and `Tests/`.
    var target: String? {
        let parts = components
        guard parts.count > 2, parts[0] == "Sources" || parts[0] == "Tests" else { return nil }
        return String(parts[1])
    }

    /// Whether it lies in the folder, e.g. `Sources` or `Sources/CLI`.
    func isIn(_ folder: String) -> Bool { path.hasPrefix(folder + "/") }

    /// The lines, from 1, that have `needle`; costs one search where there is none.
    func lines(with needle: String) -> [Int] {
        guard text.withCString({ strstr($0, needle) != nil }) else { return [] }
        return lines.indices.filter { lines[$0].contains(needle) }.map { $0 + 1 }
    }
}

/// The files that the house rules speak about.
struct SourceTree: Sendable {
    let files: [SourceFile]

    init(files: [SourceFile]) {
        self.files = files.sorted { $0.path < $1.path }
    }

    var swiftFiles: [(file: SourceFile, swift: SwiftText)] {
        files.compactMap { file in file.swift.map { (file, $0) } }
    }

    /// Pages that have to be true today: what changed in a release stays as it was.
    var documents: [(page: SourceFile, text: Markdown)] {
        files.filter { !$0.isIn("changes") }.compactMap { page in
            page.markdown.map { (page, $0) }
        }
    }

    func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    /// The checkout this test was compiled from, read once.
    static let checkout = SourceTree(files: readCheckout())

    /// Folders that are read whole, and files beside them.
    private static let folders = [
        "Sources", "Tests", "Lab", "Fuzz", "Benchmarks", "docs", "changes", ".ci",
    ]
    private static let singleFiles = [
        "Package.swift", "Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", "packages.txt",
    ]
    /// Files above this size in bytes are data, not text that someone wrote.
    private static let textSizeMax = 1 << 20

    /// The nearest folder above this file that has a manifest and the model's sources.
    private static var root: URL? {
        let start = ProcessInfo.processInfo.environment["MILLRACE_CHECKOUT"] ?? #filePath
        var folder = URL(fileURLWithPath: start)
        while folder.path != "/" {
            let manifest = folder.appending(path: "Package.swift").path
            let model = folder.appending(path: "Sources/ComputeModel").path
            let files = FileManager.default
            if files.fileExists(atPath: manifest), files.fileExists(atPath: model) {
                return folder
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func readCheckout() -> [SourceFile] {
        guard let root else { return [] }
        var paths = singleFiles
        for folder in folders {
            let found = FileManager.default.enumerator(atPath: root.path + "/" + folder)
            while let name = found?.nextObject() as? String {
                if name.hasSuffix("__pycache__") { found?.skipDescendants() }
                paths.append(folder + "/" + name)
            }
        }
        return paths.compactMap { path in
            let place = root.path + "/" + path
            let attributes = try? FileManager.default.attributesOfItem(atPath: place)
            guard attributes?[.type] as? FileAttributeType == .typeRegular,
                (attributes?[.size] as? Int ?? .max) <= textSizeMax,
                let text = try? String(contentsOfFile: place, encoding: .utf8)
            else { return nil }
            return SourceFile(path: path, text: text)
        }
    }
}
