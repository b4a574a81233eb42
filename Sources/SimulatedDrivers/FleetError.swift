/// What can be wrong with a simulated fleet.
public enum FleetError: Error, Sendable, Equatable {
    /// The description breaks these rules; one sentence each, naming entry and key.
    case invalid([String])
    /// No host of the fleet has this name.
    case unknownHost(String)
}

extension FleetError: CustomStringConvertible {
    /// All problems, one per line.
    public var description: String {
        switch self {
        case .invalid(let problems):
            "The fleet description can't be used:\n"
                + problems.map { "- \($0)" }.joined(separator: "\n")
        case .unknownHost(let name): "The fleet has no host '\(name)'."
        }
    }
}
