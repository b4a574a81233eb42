/// What is wrong with the NUMA wishes of a flavor or an image. Names key, value and expectation,
/// for whoever asked for the guest: nothing of any host is in it.
public enum TopologyError: Error, Sendable, Equatable {
    /// A value that can't be what it should be.
    case value(key: String, found: String, expected: String)
    /// A key that another one needs.
    case missing(key: String, because: String)
    /// An image that asks for something else, or less, than the flavor allows. `flavorValue` is
    /// nil when the flavor says nothing.
    case image(
        key: String, found: String, flavorKey: String, flavorValue: String?, expected: String)
}

extension TopologyError: CustomStringConvertible {
    /// Characters of a foreign value that are repeated.
    private static let shownMax = 64

    /// One sentence for the user.
    public var description: String {
        switch self {
        case .value(let key, let found, let expected):
            "'\(key)' is '\(found.prefix(Self.shownMax))', expected \(expected)."
        case .missing(let key, let because):
            "'\(key)' is missing: \(because)."
        case .image(let key, let found, let flavorKey, let flavorValue, let expected):
            "The image's '\(key)' is '\(found.prefix(Self.shownMax))' and the flavor's"
                + " '\(flavorKey)' is"
                + (flavorValue.map { " '\($0.prefix(Self.shownMax))'" } ?? " not set")
                + ": expected \(expected)."
        }
    }
}
