import ControlPlaneState

/// What users, projects and tokens work with.
public typealias IdentityContext = ControlPlaneContext<IdentitySettings>

/// Every limit and time of identity. Read once from the configuration.
public struct IdentitySettings: Sendable, Equatable {
    /// Life of a token.
    public var tokenLifetime: Duration = .seconds(12 * 3_600)

    /// The defaults.
    public init() {}
}
