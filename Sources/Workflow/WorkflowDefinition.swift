/// What a kind of workflow does: a list of steps over one state.
///
/// Every id a step needs is in the state before the first step runs. Steps are idempotent: after a
/// crash the one in flight runs again.
public protocol WorkflowDefinition: Sendable {
    /// What the steps share; stored after each step, as JSON.
    associatedtype State: Codable & Sendable
    /// Stable name, part of every stored record: `create_instance`.
    static var kind: String { get }
    /// Raised when the steps or the state change so that older records no longer fit. An engine
    /// can know several versions of a kind at once.
    static var version: Int { get }
    /// At least one, with distinct names, the same ones each time.
    var steps: [WorkflowStep<State>] { get }
}

extension WorkflowDefinition {
    public static var version: Int { 1 }
}

/// One step: what it does, and how that is taken back.
public struct WorkflowStep<State: Codable & Sendable>: Sendable {
    /// Does or undoes something; may note in the state what it found or made.
    public typealias Action = @Sendable (inout State, StepContext) async throws -> Void

    /// Unique in its definition and stored with the record.
    public let name: String
    /// Longest time for one attempt, of `run` and of `undo`. The attempt's task is cancelled then
    /// and its end awaited, since nothing else may touch the same things meanwhile.
    public let timeout: Duration?
    /// How often `run` is tried when it fails with a transient error.
    public let retry: RetryPolicy
    /// Idempotent. A ``StepFailure`` says whether trying again can help.
    public let run: Action
    /// Idempotent, also after a `run` that failed half way or never began. Must not give up
    /// lightly: an undo that keeps failing leaves the workflow stuck.
    public let undo: Action

    /// A step that leaves something to undo.
    public init(
        _ name: String, timeout: Duration? = nil, retry: RetryPolicy = .once,
        run: @escaping Action, undo: @escaping Action
    ) {
        self.name = name
        self.timeout = timeout
        self.retry = retry
        self.run = run
        self.undo = undo
    }

    /// A step that leaves nothing to undo: it only looks, waits or notes something in the state.
    public init(
        withoutUndo name: String, timeout: Duration? = nil, retry: RetryPolicy = .once,
        run: @escaping Action
    ) {
        self.init(name, timeout: timeout, retry: retry, run: run) { _, _ in }
    }
}

/// How often something is tried, and how long the pauses are.
public struct RetryPolicy: Sendable, Equatable {
    /// Attempts in all, at least 1.
    public var attempts: Int
    /// Pause after the first attempt; doubled each time, up to `longestPause`.
    public var firstPause: Duration
    /// No pause is longer.
    public var longestPause: Duration

    /// A policy of at least one attempt.
    public init(attempts: Int, firstPause: Duration, longestPause: Duration) {
        self.attempts = max(1, attempts)
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// No second attempt.
    public static let once = RetryPolicy(attempts: 1, firstPause: .zero, longestPause: .zero)

    /// Some seconds of patience: 5 attempts, pauses from 100 ms to 2 s.
    public static let brief = RetryPolicy(
        attempts: 5, firstPause: .milliseconds(100), longestPause: .seconds(2))

    /// The pause after failed attempt `attempt` (from 1), or nil if that was the last.
    public func pause(after attempt: Int) -> Duration? {
        guard attempt < attempts else { return nil }
        var pause = firstPause
        for _ in 1..<max(attempt, 1) where pause < longestPause { pause *= 2 }
        return min(pause, longestPause)
    }
}
