/// The manifest and the imports tell the same story.
enum ModuleEdges {
    static func check(_ tree: SourceTree) -> [Violation] {
        guard let file = tree.file("Package.swift"), let swift = file.swift else {
            return [Violation(path: "Package.swift", line: 0, message: "is missing")]
        }
        let manifest = Manifest(swift)
        guard !manifest.targets.isEmpty else {
            return [
                Violation(
                    path: file.path, line: 0,
                    message: "no target found: write each as `.target(name: \"X\", ...)`")
            ]
        }
        let imports = importsByTarget(tree)
        return undeclaredFolders(tree, manifest) + idleEdges(manifest, imports)
            + undeclaredEdges(tree, manifest)
    }

    private static func importsByTarget(_ tree: SourceTree) -> [String: Set<String>] {
        var imports: [String: Set<String>] = [:]
        for (file, swift) in tree.swiftFiles {
            guard let target = file.target else { continue }
            imports[target, default: []].formUnion(swift.imports.map(\.module))
        }
        return imports
    }

    /// A folder that no target builds is dead text.
    private static func undeclaredFolders(
        _ tree: SourceTree, _ manifest: Manifest
    ) -> [Violation] {
        let declared = Set(manifest.targets.map(\.name))
        let folders = Set(tree.swiftFiles.compactMap { $0.file.target })
        return folders.subtracting(declared).sorted().map { folder in
            Violation(
                path: "Package.swift", line: 0, message: "no target has the folder \(folder)")
        }
    }

    /// Edges that no file uses make the graph, and the build, wider than the code.
    private static func idleEdges(
        _ manifest: Manifest, _ imports: [String: Set<String>]
    ) -> [Violation] {
        manifest.targets.flatMap { target -> [Violation] in
            // A target without a Swift file is C, or the build refuses it.
            guard let imported = imports[target.name] else { return [] }
            return target.dependencies.filter { !imported.contains($0) }.map { name in
                Violation(
                    path: "Package.swift", line: target.line,
                    message: "\(target.name) depends on \(name), but no file of it imports that")
            }
        }
    }

    /// An import that works only because some other target brought the module along; told once
    /// per edge.
    private static func undeclaredEdges(
        _ tree: SourceTree, _ manifest: Manifest
    ) -> [Violation] {
        let byName = Dictionary(
            manifest.targets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var told: Set<[String]> = []
        return tree.swiftFiles.flatMap { file, swift -> [Violation] in
            guard let name = file.target, let target = byName[name] else { return [] }
            return swift.imports.filter { found in
                byName[found.module] != nil && found.module != name
                    && !target.dependencies.contains(found.module)
                    && told.insert([name, found.module]).inserted
            }.map { found in
                Violation(
                    path: file.path, line: found.line,
                    message: "imports \(found.module), not among the dependencies of \(name) "
                        + "in Package.swift")
            }
        }
    }
}
