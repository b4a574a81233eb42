/// The targets of a Package.swift, read from its text: plain entries such as
/// `.target(name: "Scheduler", dependencies: ["ComputeModel", .product(name: "Logging", ...)])`.
struct Manifest: Sendable {
    struct Target: Sendable, Equatable {
        let name: String
        /// What it says it depends on, targets and products alike.
        let dependencies: [String]
        let line: Int
    }

    let targets: [Target]

    init(_ swift: SwiftText) {
        targets = swift.tokens.indices.compactMap { Self.target(swift, $0) }
    }

    private static let kinds = [
        "target", "testTarget", "executableTarget", "systemLibrary", "macro", "plugin",
        "binaryTarget",
    ]

    /// The entry that begins with the dot at `index`. In a list of dependencies `.target(name:)`
    /// reads the same, but no array holds a target inside another target's parentheses.
    private static func target(_ swift: SwiftText, _ index: Int) -> Target? {
        guard swift.reads(["."], at: index), index + 2 < swift.tokens.count,
            kinds.contains(where: swift.tokens[index + 1].reads), swift.reads(["("], at: index + 2),
            swift.reads(["name", ":"], at: index + 3), index + 5 < swift.tokens.count,
            swift.tokens[index + 5].kind == .string, let end = swift.closing(of: index + 2),
            !isDependency(swift, index)
        else { return nil }
        return Target(
            name: swift.tokens[index + 5].text,
            dependencies: dependencies(swift, in: index + 6..<end),
            line: swift.tokens[index].line)
    }

    /// Whether the list that this entry stands in is labelled `dependencies:`.
    private static func isDependency(_ swift: SwiftText, _ index: Int) -> Bool {
        var depth = 0
        for position in (0..<index).reversed() where swift.tokens[position].kind == .symbol {
            switch swift.tokens[position].text {
            case ")", "]", "}": depth += 1
            case "(", "[", "{":
                if depth == 0 { return swift.reads(["dependencies", ":"], at: position - 2) }
                depth -= 1
            default: break
            }
        }
        return false
    }

    private static func dependencies(_ swift: SwiftText, in range: Range<Int>) -> [String] {
        guard let label = range.first(where: { swift.reads(["dependencies", ":", "["], at: $0) }),
            let end = swift.closing(of: label + 2)
        else { return [] }
        var names: [String] = []
        var position = label + 3
        while position < end {
            let token = swift.tokens[position]
            if token.kind == .string { names.append(token.text) }
            if token.reads("("), let close = swift.closing(of: position) {
                // `.product(name: "X", package: "p")`: the first string is the name.
                let inner = swift.tokens[position..<close].first { $0.kind == .string }
                if let inner { names.append(inner.text) }
                position = close
            }
            position += 1
        }
        return names
    }
}
