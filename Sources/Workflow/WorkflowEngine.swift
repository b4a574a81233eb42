import Foundation
import Logging

/// Runs workflows: durable steps, undone backwards when one fails, resumed after a crash.
///
/// Progress is stored before the next step begins, so a step can run twice (steps are idempotent)
/// but is never skipped. One engine is enough for any number of kinds. What fails in a workflow is
/// in its record, never thrown at the one who started it.
public actor WorkflowEngine {
    /// Called once a workflow is settled (succeeded, failed or stuck) and its record stored, before
    /// those who wait for it are told. Not durable: not called again after a crash.
    public typealias SettledHook = @Sendable (WorkflowRecord) async -> Void

    nonisolated let environment: EngineEnvironment
    let onFinished: SettledHook?
    var definitions: [AnyWorkflowDefinition.Key: AnyWorkflowDefinition] = [:]
    /// All that is in this engine's hands.
    var entries: [String: Entry] = [:]
    /// Ids of entries that wait for a free place, in order.
    var queue: [String] = []
    var runningCount = 0
    var waiters: [String: [UInt64: Waiter]] = [:]
    var nextWaiter: UInt64 = 0
    /// Whether it takes nothing new any more.
    public private(set) var isShutDown = false

    typealias Waiter = CheckedContinuation<Result<WorkflowRecord, WorkflowEngineError>, Never>

    struct Entry {
        let stored: StoredWorkflow
        let definition: AnyWorkflowDefinition
        let control = RunControl()
        /// Nil as long as it waits for its turn.
        var task: Task<Void, Never>?
        /// Workflow it has to wait for.
        var blocker: String?
    }

    /// An engine that keeps its records in `log`. `clock` times pauses and time limits, `now` is
    /// the time of day for records, `makeID` makes the ids of records.
    public init(
        log: any WorkflowLog, clock: any Clock<Duration>, now: @escaping @Sendable () -> Date,
        makeID: @escaping @Sendable () -> String, limits: EngineLimits = EngineLimits(),
        logger: Logger, onFinished: SettledHook? = nil
    ) {
        environment = EngineEnvironment(
            log: log, clock: clock, now: now, makeID: makeID, limits: limits, logger: logger)
        self.onFinished = onFinished
    }

    /// Makes a kind (and version) of workflow known; before ``resumeAll()``. Throws
    /// ``WorkflowEngineError/duplicateDefinition(kind:version:)`` and
    /// ``WorkflowEngineError/invalidDefinition(kind:reason:)``.
    public func register<Definition: WorkflowDefinition>(
        _ definition: Definition
    ) throws(WorkflowEngineError) {
        let erased = try AnyWorkflowDefinition(definition)
        guard definitions.updateValue(erased, forKey: erased.key) == nil else {
            throw .duplicateDefinition(kind: erased.key.kind, version: erased.key.version)
        }
    }

    /// The kinds that it knows, whatever their version.
    public var registeredKinds: Set<String> { Set(definitions.keys.map(\.kind)) }

    /// A record that has yet to be stored, for callers who store it in a transaction of their own
    /// together with what it is about; then ``adopt(_:generation:)``.
    public nonisolated func makeRecord<Definition: WorkflowDefinition>(
        _ definition: Definition, state: Definition.State, subject: String, requestID: String,
        id: String? = nil, parent: String? = nil, after: String? = nil
    ) throws(WorkflowEngineError) -> WorkflowRecord {
        do {
            return try WorkflowRecord(
                of: definition, id: id ?? environment.makeID(), state: state, subject: subject,
                requestID: requestID, parent: parent, after: after,
                createdAt: environment.now())
        } catch {
            throw .stateNotEncodable(kind: Definition.kind, detail: String(describing: error))
        }
    }

    /// Stores a new record and begins. Returns its id once it is durable.
    @discardableResult
    public func start<Definition: WorkflowDefinition>(
        _ definition: Definition, state: Definition.State, subject: String, requestID: String,
        parent: String? = nil, after: String? = nil
    ) async throws(WorkflowEngineError) -> String {
        let record = try makeRecord(
            definition, state: state, subject: subject, requestID: requestID,
            parent: parent, after: after)
        _ = try check(record)
        do {
            let generation = try await environment.log.insert(record)
            try await adopt(record, generation: generation)
        } catch let error as WorkflowLogError {
            throw .log(error)
        } catch let error as WorkflowEngineError {
            throw error
        } catch {
            throw .log(.unavailable(detail: String(describing: error)))
        }
        return record.id
    }

    /// Takes over a stored record and drives it on from its line. Harmless for one that is already
    /// in this engine's hands, or finished.
    public func adopt(
        _ record: WorkflowRecord, generation: Int64
    ) async throws(WorkflowEngineError) {
        let definition = try check(record)
        guard entries[record.id] == nil, !record.status.isFinished else { return }
        let stored = StoredWorkflow(record: record, generation: generation)
        var entry = Entry(stored: stored, definition: definition)
        entry.blocker = record.after
        entries[record.id] = entry
        if let after = record.after { try await settleBlocker(after, of: record.id) }
        begin(record.id)
    }

    /// Takes over every unfinished record, stuck ones included. Returns those that can't be, with
    /// the reason: their definition is unknown here or has changed.
    @discardableResult
    public func resumeAll() async throws(WorkflowEngineError)
        -> [(id: String, reason: WorkflowEngineError)]
    {
        let unfinished: [StoredWorkflow]
        do {
            unfinished = try await environment.log.unfinished()
        } catch {
            throw .log(error)
        }
        var refused: [(id: String, reason: WorkflowEngineError)] = []
        for stored in unfinished {
            do {
                try await adopt(stored.record, generation: stored.generation)
            } catch .shutDown {
                throw .shutDown
            } catch {
                environment.logger.error(
                    "a workflow can't be resumed", metadata: ["error": "\(error)"])
                refused.append((stored.record.id, error))
            }
        }
        return refused
    }

    /// Begins nothing new and waits for the steps in flight; after `grace` their tasks are
    /// cancelled and waited for. Records stay resumable. Those who wait get
    /// ``WorkflowEngineError/notDriven(id:)``.
    public func shutdown(grace: Duration) async {
        isShutDown = true
        let running = entries.values.filter { $0.task != nil }
        for entry in entries.values { entry.control.stop() }
        let timer = Task { [clock = environment.clock] in
            do {
                try await clock.sleep(for: grace)
                for entry in running { entry.control.interrupt() }
            } catch {
                // All steps ended within the grace.
            }
        }
        for entry in running { await entry.task?.value }
        timer.cancel()
        queue.removeAll()
        for id in entries.keys { release(id, .failure(.notDriven(id: id))) }
        entries.removeAll()
    }

    private func check(
        _ record: WorkflowRecord
    ) throws(WorkflowEngineError) -> AnyWorkflowDefinition {
        guard !isShutDown else { throw .shutDown }
        let key = AnyWorkflowDefinition.Key(kind: record.kind, version: record.version)
        guard let definition = definitions[key] else {
            throw .unknownDefinition(kind: key.kind, version: key.version)
        }
        guard record.steps.map(\.name) == definition.steps.map(\.name) else {
            throw .definitionChanged(id: record.id, kind: key.kind, version: key.version)
        }
        return definition
    }
}
