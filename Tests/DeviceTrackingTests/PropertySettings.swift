import Foundation

/// How long the property tests run and where they begin; both can be set for a longer hunt.
enum PropertySettings {
    /// `MILLRACE_PROPERTY_SEED`: the same by default, so that a commit fails for its own faults.
    static let seed = number("MILLRACE_PROPERTY_SEED") ?? 20_260_801
    /// `MILLRACE_PROPERTY_FACTOR`: multiplies the number of cases.
    static let factor = Int(number("MILLRACE_PROPERTY_FACTOR") ?? 1)

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}
