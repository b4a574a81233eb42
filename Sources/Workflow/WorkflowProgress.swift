/// Where a workflow as a whole stands.
public enum WorkflowStatus: String, Codable, Sendable, CaseIterable {
    case running, unwinding, succeeded
    /// It failed or was cancelled, and everything it did is undone.
    case failed
    /// An undo kept failing. Tried again when an engine starts, or on request.
    case stuck

    /// Nothing more will happen, ever.
    public var isFinished: Bool { self == .succeeded || self == .failed }
    /// Nothing more will happen by itself in this engine.
    public var isSettled: Bool { isFinished || self == .stuck }
}

/// The state machine of a workflow: an event goes in, the next action comes out. Pure.
///
/// ```
///               last step succeeded
///   running(p) ---------------------> succeeded
///    |  ^   |
///    |  +---+ step p succeeded: p + 1
///    |
///    | step p failed, or it ended and cancellation was requested
///    v
///   unwinding(p) -- undo of step 0 succeeded --> failed
///    ^  ^   | |
///    |  +---+ | undo p succeeded: p - 1
///    |        | undo p failed for good
///    |        v
///    +----- stuck(p)
///   retried
/// ```
///
/// The failed step is undone too: it may be half done. A step that ended well although the workflow
/// was to be cancelled is undone as well: a cancellation, once accepted, is honoured.
public struct WorkflowProgress: Codable, Sendable, Equatable {
    /// What happened.
    public enum Event: Sendable, Equatable, CaseIterable {
        case stepSucceeded, stepFailed, undoSucceeded, undoFailed, retried
    }

    /// What is to be done now.
    public enum Action: Sendable, Equatable {
        case run(Int)
        case undo(Int)
        case none
    }

    /// An event that can't happen in this status: a defect of the caller.
    public struct InvalidEvent: Error, Equatable {
        /// What happened.
        public let event: Event
        /// Where the workflow stood.
        public let status: WorkflowStatus
    }

    /// Where the workflow stands.
    public private(set) var status: WorkflowStatus = .running
    /// The step to run, or to undo, next; or the one in flight.
    public private(set) var position = 0
    /// How many steps the definition has.
    public let stepCount: Int
    /// Whether somebody asked for it to end and unwind.
    public private(set) var isCancelRequested = false

    /// At the beginning of `stepCount` steps (at least one).
    public init(stepCount: Int) {
        self.stepCount = max(1, stepCount)
    }

    /// What is to be done, also after a crash: the stored line is all there is to know.
    public var nextAction: Action {
        switch status {
        case .running: .run(position)
        case .unwinding: .undo(position)
        case .succeeded, .failed, .stuck: .none
        }
    }

    /// Takes an event and returns the next action.
    public mutating func apply(_ event: Event) throws(InvalidEvent) -> Action {
        switch (status, event) {
        case (.running, .stepSucceeded) where isCancelRequested:
            status = .unwinding
        case (.running, .stepSucceeded):
            if position + 1 < stepCount { position += 1 } else { status = .succeeded }
        case (.running, .stepFailed), (.stuck, .retried):
            status = .unwinding
        case (.unwinding, .undoSucceeded):
            if position > 0 { position -= 1 } else { status = .failed }
        case (.unwinding, .undoFailed):
            status = .stuck
        default:
            throw InvalidEvent(event: event, status: status)
        }
        return nextAction
    }

    /// Cancels a workflow that still runs: it unwinds when the step in flight has ended.
    public mutating func requestCancellation() {
        if status == .running { isCancelRequested = true }
    }

    enum CodingKeys: String, CodingKey {
        case status, position
        case stepCount = "step_count"
        case isCancelRequested = "is_cancel_requested"
    }
}
