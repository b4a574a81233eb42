import Foundation
import Logging

/// The bounds of a ``WorkflowEngine``.
public struct EngineLimits: Sendable {
    /// Workflows driven at the same time; more wait for their turn.
    public var concurrentWorkflows = 1024
    /// How often an undo is tried, whatever its error, before the workflow is stuck.
    public var undoRetry = RetryPolicy(
        attempts: 10, firstPause: .milliseconds(200), longestPause: .seconds(30))
    /// How often a save is tried while the log is unavailable, before the engine lets go.
    public var logRetry = RetryPolicy(
        attempts: 8, firstPause: .milliseconds(50), longestPause: .seconds(5))
    /// How often a change of a record is tried again because another writer was faster.
    public var conflictAttempts = 10

    /// The defaults.
    public init() {}
}

/// What an engine gets from outside.
struct EngineEnvironment: Sendable {
    let log: any WorkflowLog
    let clock: any Clock<Duration>
    let now: @Sendable () -> Date
    let makeID: @Sendable () -> String
    let limits: EngineLimits
    let logger: Logger
}
