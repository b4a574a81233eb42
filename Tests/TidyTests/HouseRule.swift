import Testing

/// Something in the checkout that a house rule forbids.
struct Violation: Sendable, CustomStringConvertible {
    let path: String
    /// From 1; 0 where it concerns the whole file.
    let line: Int
    /// What was found and what to do instead.
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A rule of CONTRIBUTING.md that a machine can check.
struct HouseRule: Sendable, CustomTestStringConvertible {
    let name: String
    let check: @Sendable (SourceTree) -> [Violation]

    var testDescription: String { name }

    static let all: [HouseRule] = [
        HouseRule(name: "file length", check: Lengths.files),
        HouseRule(name: "line length", check: Lengths.lines),
        HouseRule(name: "function length", check: Lengths.functions),
        HouseRule(name: "traps", check: BannedCalls.traps),
        HouseRule(name: "discarded errors", check: BannedCalls.discardedErrors),
        HouseRule(name: "unchecked concurrency", check: BannedCalls.uncheckedConcurrency),
        HouseRule(name: "sleeps in tests", check: BannedCalls.sleepsInTests),
        HouseRule(name: "limits of tests", check: TestWaits.limits),
        HouseRule(name: "silent waits", check: TestWaits.silent),
        HouseRule(name: "printing", check: BannedCalls.printing),
        HouseRule(name: "left-over marks", check: Traces.markers),
        HouseRule(name: "places of one machine", check: Traces.machinePlaces),
        HouseRule(name: "package sources", check: Traces.packageSources),
        HouseRule(name: "names", check: Names.check),
        HouseRule(name: "documentation", check: Documentation.check),
        HouseRule(name: "pure modules", check: PureModules.check),
        HouseRule(name: "module edges", check: ModuleEdges.check),
        HouseRule(name: "module directions", check: ModuleDirections.check),
        HouseRule(name: "document paths", check: DocumentPaths.check),
        HouseRule(name: "document types", check: DocumentTypes.check),
        HouseRule(name: "document commands", check: DocumentCommands.check),
        HouseRule(name: "configuration keys", check: ConfigurationKeys.check),
        HouseRule(name: "capabilities", check: Capabilities.check),
        HouseRule(name: "module table", check: ModuleTable.check),
        HouseRule(name: "references", check: Traces.references),
    ]

    static func named(_ name: String) -> HouseRule? { all.first { $0.name == name } }
}
