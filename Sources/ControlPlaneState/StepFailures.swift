import ComputeModel
import Persistence
import Workflow

// How the errors that workflow steps throw are kept in the workflow's record, and which of them
// are worth another attempt.

extension StoreError: StepFailure {
    /// The same for all: the text tells them apart.
    public var code: String { "store" }
    /// What the store said.
    public var message: String { "\(self)" }
    /// Whether the store may answer otherwise in a moment: it was busy, full or away. A call cut
    /// short by a shutdown counts, too: the step is then run again at the next start.
    public var isTransient: Bool {
        switch self {
        case .conflict, .contended, .timedOut, .overloaded, .diskFull, .inputOutput,
            .unavailable, .cancelled, .closed:
            true
        default: false
        }
    }
}

extension DomainError: StepFailure {
    /// The same for all: the text tells them apart.
    public var code: String { "refused" }
    /// The sentence for callers.
    public var message: String { description }
    /// Whether only the moment was wrong.
    public var isTransient: Bool {
        switch self {
        case .conflict(_, .changed, _), .unavailable: true
        default: false
        }
    }
}
