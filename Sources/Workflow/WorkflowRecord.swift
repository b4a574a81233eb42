import Foundation

/// All that is stored of one workflow. A value: the caller may store a new one in its own
/// transaction and hand it to ``WorkflowEngine/adopt(_:generation:)`` afterwards.
public struct WorkflowRecord: Codable, Sendable, Equatable {
    /// Unique; often shown to operators.
    public let id: String
    /// The definition's kind.
    public let kind: String
    /// Version of the definition it was made for.
    public let version: Int
    /// What it is about; opaque here.
    public let subject: String
    /// The request that started it.
    public let requestID: String
    /// The workflow that started this one, if any; informative.
    public let parent: String?
    /// A workflow that has to be settled before this one begins.
    public let after: String?
    /// The definition's state as JSON text.
    public internal(set) var state: String
    /// How far it is.
    public internal(set) var progress: WorkflowProgress
    /// One line a step.
    public internal(set) var steps: [StepRecord]
    /// Why it failed first; stays through unwinding.
    public internal(set) var failure: WorkflowFailure?
    /// Why it is stuck, as long as it is.
    public internal(set) var stuckReason: WorkflowFailure?
    /// When it was accepted.
    public let createdAt: Date
    /// Last change of its line.
    public internal(set) var updatedAt: Date

    /// Where it stands.
    public var status: WorkflowStatus { progress.status }
    /// Whether somebody asked for it to end and unwind.
    public var isCancelRequested: Bool { progress.isCancelRequested }

    /// A new record of a workflow that has yet to begin. Throws what encoding the state throws.
    public init<Definition: WorkflowDefinition>(
        of definition: Definition, id: String, state: Definition.State, subject: String,
        requestID: String, parent: String? = nil, after: String? = nil, createdAt: Date
    ) throws {
        self.id = id
        kind = Definition.kind
        version = Definition.version
        self.subject = subject
        self.requestID = requestID
        self.parent = parent
        self.after = after
        self.state = try StateCoding.encode(state)
        steps = definition.steps.map { StepRecord(name: $0.name) }
        progress = WorkflowProgress(stepCount: steps.count)
        self.createdAt = createdAt
        updatedAt = createdAt
    }

    /// The state as a value of the definition's type. Throws what decoding throws.
    public func decodedState<State: Decodable>(as type: State.Type) throws -> State {
        try StateCoding.decode(type, from: state)
    }

    /// Notes that cancellation is wanted; the engine acts on it as soon as it sees it. Does nothing
    /// to a workflow that is unwinding or finished.
    public mutating func requestCancellation(at time: Date) {
        progress.requestCancellation()
        updatedAt = time
    }

    enum CodingKeys: String, CodingKey {
        case id, kind, version, subject, parent, after, state, progress, steps, failure
        case requestID = "request_id"
        case stuckReason = "stuck_reason"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }
}

/// What happened to one step.
public struct StepRecord: Codable, Sendable, Equatable {
    /// Where a step stands.
    public enum Status: String, Codable, Sendable {
        case pending, running, done, failed, undoing, undone
        case undoFailed = "undo_failed"
    }

    /// The step's name.
    public let name: String
    /// Where the step stands.
    public internal(set) var status: Status = .pending
    /// When its `run` began first.
    public internal(set) var startedAt: Date?
    /// When its `run` ended; nil while it hasn't.
    public internal(set) var finishedAt: Date?
    /// Of `run`, as far as they were stored.
    public internal(set) var attempts = 0
    /// Of `undo`, as far as they were stored.
    public internal(set) var undoAttempts = 0
    /// The last error of this step.
    public internal(set) var error: WorkflowFailure?

    init(name: String) {
        self.name = name
    }

    enum CodingKeys: String, CodingKey {
        case name, status, attempts, error
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case undoAttempts = "undo_attempts"
    }
}

enum StateCoding {
    static func encode<State: Encodable>(_ state: State) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(state), as: UTF8.self)
    }

    static func decode<State: Decodable>(_ type: State.Type, from text: String) throws -> State {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
