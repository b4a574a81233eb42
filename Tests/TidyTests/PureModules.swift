/// Modules whose answers depend on their arguments alone: time, chance and the world come in as
/// values.
enum PureModules {
    static let modules: Set<String> = [
        "ComputeModel", "DeviceTracking", "JSON", "Scheduler", "Workflow",
    ]

    /// Foundation is there for `UUID`, `Date` and coding as values; swift-log for `Workflow`, which
    /// is handed its logger.
    static let allowedImports: Set<String> =
        modules.union(["Foundation", "FoundationEssentials", "Logging", "Synchronization"])

    /// Names that reach out of the process.
    private static let reachingOut: [String: String] = [
        "FileManager": "does I/O", "FileHandle": "does I/O", "URLSession": "does I/O",
        "ProcessInfo": "reads the environment", "ContinuousClock": "is a clock",
        "SuspendingClock": "is a clock", "SystemRandomNumberGenerator": "is chance",
    ]

    static func check(_ tree: SourceTree) -> [Violation] {
        tree.swiftFiles.flatMap { file, swift -> [Violation] in
            guard file.isIn("Sources"), let target = file.target, modules.contains(target) else {
                return []
            }
            let foreign = swift.imports.filter { !allowedImports.contains($0.module) }
            let imports = foreign.map { found in
                Violation(
                    path: file.path, line: found.line,
                    message: "\(target) is pure and can't import \(found.module)")
            }
            return imports + calls(file, swift, target)
        }
    }

    private static func calls(
        _ file: SourceFile, _ swift: SwiftText, _ target: String
    ) -> [Violation] {
        swift.tokens.indices.compactMap { index in
            guard swift.tokens[index].kind != .string, let what = effect(swift, index) else {
                return nil
            }
            return Violation(
                path: file.path, line: swift.tokens[index].line,
                message: "\(target) is pure: `\(swift.tokens[index].text)` \(what); "
                    + "take the value as an argument")
        }
    }

    private static func effect(_ swift: SwiftText, _ index: Int) -> String? {
        let text = swift.tokens[index].text
        switch text {
        case "Date":
            let isNow = [["(", ")"], [".", "now"]].contains { swift.reads($0, at: index + 1) }
            return isNow ? "reads the clock" : nil
        case "UUID": return swift.reads(["(", ")"], at: index + 1) ? "is chance" : nil
        case "random", "randomElement", "shuffled":
            return swift.reads(["."], at: index - 1) ? "is chance" : nil
        case "Task":
            return swift.reads([".", "sleep"], at: index + 1) ? "reads the clock" : nil
        default: return reachingOut[text]
        }
    }
}
