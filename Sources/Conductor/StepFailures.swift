import Placement
import Workflow

// How the errors that workflow steps throw are kept in the workflow's record.

extension PlacementFailure: StepFailure {
    /// The only one.
    public var code: String { "no_valid_host" }
    /// Categories with counts.
    public var message: String { "No valid host was found. " + summary }
    /// Waiting would not be visible to who waits for the server; they decide to try again.
    public var isTransient: Bool { false }
}

extension GuestFailure: StepFailure {
    var code: String { "guest_failed" }
    var message: String { description }
    /// The agent has tried again as often as it may.
    var isTransient: Bool { false }
}
