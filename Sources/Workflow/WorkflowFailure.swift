/// An error that a step throws on purpose. Any other error counts as final, with code `internal`.
public protocol StepFailure: Error {
    /// Stable, for programs: `no_valid_host`.
    var code: String { get }
    /// For people: what was attempted, on what, what was found.
    var message: String { get }
    /// Whether the same attempt can succeed later.
    var isTransient: Bool { get }
}

/// Why a workflow failed, as its record keeps it; also the simplest ``StepFailure``.
public struct WorkflowFailure: StepFailure, Codable, Equatable {
    public let code: String
    public let message: String
    public let isTransient: Bool

    /// A failure with a stable code and a text for people.
    public init(code: String, message: String, isTransient: Bool = false) {
        self.code = code
        self.message = message
        self.isTransient = isTransient
    }

    /// The failure as which any error of a step is kept.
    public init(_ error: any Error) {
        if let failure = error as? any StepFailure {
            self.init(
                code: failure.code, message: failure.message, isTransient: failure.isTransient)
        } else {
            self.init(code: "internal", message: String(describing: error))
        }
    }

    /// Someone asked for the workflow to be cancelled.
    public static let cancelled = WorkflowFailure(
        code: "cancelled", message: "cancelled on request")

    static func timedOut(step: String, after timeout: Duration) -> WorkflowFailure {
        WorkflowFailure(
            code: "step_timed_out", message: "step \(step) took longer than \(timeout)",
            isTransient: true)
    }

    enum CodingKeys: String, CodingKey {
        case code, message
        case isTransient = "is_transient"
    }
}
