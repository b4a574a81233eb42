/// Where records are kept, durably. Generations keep two engines from driving one workflow.
public protocol WorkflowLog: Sendable {
    /// All records that aren't finished (running, unwinding, stuck), oldest first.
    func unfinished() async throws(WorkflowLogError) -> [StoredWorkflow]
    /// One record, or nil.
    func load(_ id: String) async throws(WorkflowLogError) -> StoredWorkflow?
    /// Stores a new record and returns its generation. Throws ``WorkflowLogError/conflict(id:)``
    /// if there is one with this id.
    func insert(_ record: WorkflowRecord) async throws(WorkflowLogError) -> Int64
    /// Replaces a record if its generation is still the one given; returns the new one. Durable
    /// when it returns. Throws ``WorkflowLogError/conflict(id:)``.
    func save(
        _ record: WorkflowRecord, expecting generation: Int64
    ) async throws(WorkflowLogError) -> Int64
}

/// A record as kept, with the generation the next save has to name.
public struct StoredWorkflow: Sendable, Equatable {
    /// The record as stored.
    public let record: WorkflowRecord
    /// What the next save has to name.
    public let generation: Int64

    /// Pairs a record with its generation in the log.
    public init(record: WorkflowRecord, generation: Int64) {
        self.record = record
        self.generation = generation
    }
}

/// What a log can't do.
public enum WorkflowLogError: Error, Sendable, Equatable {
    /// Another writer changed the record, or an inserted one exists.
    case conflict(id: String)
    /// The log fails for now; the engine tries again, a bounded number of times.
    case unavailable(detail: String)
    /// The log is closed for good; the engine lets go and the record stays resumable.
    case closed
}

extension WorkflowLogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflict(let id): "workflow \(id) was changed by another writer"
        case .unavailable(let detail): "the workflow log is not available: \(detail)"
        case .closed: "the workflow log is closed"
        }
    }
}
