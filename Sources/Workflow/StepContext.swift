import Foundation
import Logging

/// What a step knows about where it runs.
public struct StepContext: Sendable {
    /// Id of the record.
    public let workflowID: String
    /// The definition's kind.
    public let kind: String
    /// What the workflow is about, as given at its start.
    public let subject: String
    /// The request that started it, for logs.
    public let requestID: String
    /// The step that runs.
    public let stepName: String
    /// From 1, within this engine's life.
    public let attempt: Int
    /// Whether this is the step's undo.
    public let isUndo: Bool
    /// The only clock steps may use to wait.
    public let clock: any Clock<Duration>
    /// The present time, for what is stored.
    public let now: @Sendable () -> Date
    /// Logs with the workflow's id.
    public let logger: Logger
    let control: RunControl

    /// Throws ``WorkflowFailure/cancelled`` once cancellation was requested, and
    /// `CancellationError` if this attempt is to end for another reason (its time is up, the
    /// engine stops). An undo is not told of a request to cancel.
    public func checkCancellation() throws {
        if !isUndo, control.isCancelRequested { throw WorkflowFailure.cancelled }
        try Task.checkCancellation()
    }
}
