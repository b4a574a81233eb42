import Foundation
import Logging

/// Drives one workflow from its stored line to its end. Every change of the line is committed
/// before the next action.
struct WorkflowRun: Sendable {
    /// Why driving ended before the workflow did; the record stays resumable.
    enum Stop: Error, Equatable {
        case shuttingDown
        /// Another engine drives it.
        case superseded
        case log(WorkflowLogError)
        case defect(WorkflowProgress.InvalidEvent)
    }

    let definition: AnyWorkflowDefinition
    let environment: EngineEnvironment
    let control: RunControl
    private(set) var record: WorkflowRecord
    private(set) var generation: Int64
    let logger: Logger

    init(
        _ stored: StoredWorkflow, definition: AnyWorkflowDefinition, control: RunControl,
        environment: EngineEnvironment
    ) {
        self.definition = definition
        self.environment = environment
        self.control = control
        record = stored.record
        generation = stored.generation
        var logger = environment.logger
        logger[metadataKey: "workflow"] = "\(stored.record.id)"
        logger[metadataKey: "kind"] = "\(stored.record.kind)"
        logger[metadataKey: "request"] = "\(stored.record.requestID)"
        self.logger = logger
    }

    /// Returns when the workflow is settled: succeeded, failed or stuck.
    mutating func drive() async throws(Stop) {
        if record.status == .stuck {
            try await commit(.retried) { $0.stuckReason = nil }
        }
        while true {
            switch record.progress.nextAction {
            case .none: return
            case .run(let index): try await run(index)
            case .undo(let index): try await undo(index)
            }
        }
    }

    private mutating func run(_ index: Int) async throws(Stop) {
        let step = definition.steps[index]
        let startedAt = environment.now()
        var attempt = 0
        while true {
            if control.isStopping { throw .shuttingDown }
            if record.isCancelRequested || control.isCancelRequested {
                return try await fail(index, with: .cancelled, attempts: attempt)
            }
            attempt += 1
            let outcome = await self.attempt(step, step.run, .step, number: attempt)
            guard let error = outcome.error else {
                return try await commit(.stepSucceeded) { record in
                    record.state = outcome.state
                    record.steps[index].finish(.done, from: startedAt, attempts: attempt)
                }
            }
            // Cut short by a shutdown: as if this attempt had crashed. It runs again later.
            if error is CancellationError, control.isStopping { throw .shuttingDown }
            keep(outcome.state)
            let failure = control.isCancelRequested ? .cancelled : WorkflowFailure(error)
            guard failure.isTransient, let pause = step.retry.pause(after: attempt) else {
                return try await fail(index, with: failure, attempts: attempt)
            }
            logger.info(
                "step failed, trying again",
                metadata: ["step": "\(step.name)", "error": "\(failure.message)"])
            await self.pause(pause)
        }
    }

    private mutating func fail(
        _ index: Int, with failure: WorkflowFailure, attempts: Int
    ) async throws(Stop) {
        let state = record.state
        logger.notice(
            "step failed, unwinding",
            metadata: [
                "step": "\(definition.steps[index].name)", "code": "\(failure.code)",
                "error": "\(failure.message)",
            ])
        try await commit(.stepFailed) { record in
            record.state = state
            record.failure = record.failure ?? failure
            record.steps[index].attempts = attempts
            record.steps[index].error = failure
            record.steps[index].status = .failed
        }
    }

    private mutating func undo(_ index: Int) async throws(Stop) {
        let step = definition.steps[index]
        var attempt = 0
        while true {
            if control.isStopping { throw .shuttingDown }
            attempt += 1
            let outcome = await self.attempt(step, step.undo, .undo, number: attempt)
            guard let error = outcome.error else {
                return try await commit(.undoSucceeded) { record in
                    record.state = outcome.state
                    record.steps[index].status = .undone
                    record.steps[index].undoAttempts = attempt
                }
            }
            if error is CancellationError, control.isStopping { throw .shuttingDown }
            keep(outcome.state)
            let failure = WorkflowFailure(error)
            logger.warning(
                "undo failed",
                metadata: [
                    "step": "\(step.name)", "attempt": "\(attempt)",
                    "error": "\(failure.message)",
                ])
            guard let pause = environment.limits.undoRetry.pause(after: attempt) else {
                return try await getStuck(index, on: failure, attempts: attempt)
            }
            await self.pause(pause)
        }
    }

    private mutating func getStuck(
        _ index: Int, on failure: WorkflowFailure, attempts: Int
    ) async throws(Stop) {
        let state = record.state
        try await commit(.undoFailed) { record in
            record.state = state
            record.stuckReason = failure
            record.steps[index].status = .undoFailed
            record.steps[index].undoAttempts = attempts
            record.steps[index].error = failure
        }
    }

    /// A failed attempt's notes are kept in memory for the next attempt or the undo; they become
    /// durable with the next commit.
    private mutating func keep(_ state: String) {
        record.state = state
    }
}

// MARK: - Committing

extension WorkflowRun {
    /// Applies an event to the record and saves it. If someone asked for cancellation meanwhile,
    /// the event is applied to that record instead.
    private mutating func commit(
        _ event: WorkflowProgress.Event, _ edit: (inout WorkflowRecord) -> Void
    ) async throws(Stop) {
        let now = environment.now()
        var conflicts = 0
        var failures = 0
        while true {
            let next = try advanced(by: event, at: now, edit)
            do {
                generation = try await environment.log.save(next, expecting: generation)
                record = next
                return
            } catch .conflict(let id) {
                conflicts += 1
                guard conflicts <= environment.limits.conflictAttempts else {
                    throw .log(.conflict(id: id))
                }
                if try await isStored(next) { return }
            } catch .closed {
                throw .log(.closed)
            } catch {
                failures += 1
                logger.warning("saving the workflow failed", metadata: ["error": "\(error)"])
                guard let pause = environment.limits.logRetry.pause(after: failures) else {
                    throw .log(error)
                }
                await self.pause(pause)
                // A pause cut short by a shutdown must not become a busy loop.
                if control.isStopping { throw .log(error) }
            }
        }
    }

    private func advanced(
        by event: WorkflowProgress.Event, at now: Date, _ edit: (inout WorkflowRecord) -> Void
    ) throws(Stop) -> WorkflowRecord {
        var next = record
        edit(&next)
        do {
            switch try next.progress.apply(event) {
            case .run(let index): next.steps[index].begin(.running, at: now)
            case .undo(let index): next.steps[index].status = .undoing
            case .none: break
            }
        } catch {
            throw .defect(error)
        }
        // The step ended well, but cancellation was asked for: that is why it unwinds.
        if next.status == .unwinding, next.failure == nil { next.failure = .cancelled }
        for step in next.steps.indices where next.steps[step].hasEnded {
            next.steps[step].finishedAt = next.steps[step].finishedAt ?? now
        }
        next.updatedAt = now
        return next
    }

    /// After a conflict: true if `attempted` is what is stored (an earlier save did arrive), false
    /// if only cancellation was added to our line; anything else belongs to another engine.
    private mutating func isStored(_ attempted: WorkflowRecord) async throws(Stop) -> Bool {
        let stored: StoredWorkflow?
        do {
            stored = try await environment.log.load(record.id)
        } catch {
            throw .log(error)
        }
        guard let stored else { throw .superseded }
        if stored.record == attempted {
            record = stored.record
            generation = stored.generation
            return true
        }
        var expected = record
        expected.progress.requestCancellation()
        guard stored.record.progress == expected.progress else { throw .superseded }
        let notes = record.state
        record = stored.record
        record.state = notes
        generation = stored.generation
        return false
    }
}

// MARK: - Attempts and pauses

extension WorkflowRun {
    private func attempt(
        _ step: AnyWorkflowDefinition.Step,
        _ action: @escaping @Sendable (String, StepContext) async -> StepOutcome,
        _ work: RunControl.Work, number: Int
    ) async -> StepOutcome {
        let context = StepContext(
            workflowID: record.id, kind: record.kind, subject: record.subject,
            requestID: record.requestID, stepName: step.name, attempt: number,
            isUndo: work == .undo, clock: environment.clock, now: environment.now,
            logger: logger, control: control)
        let task = Task { [state = record.state] in await action(state, context) }
        control.begin(work) { task.cancel() }
        defer { control.end() }
        guard let timeout = step.timeout else { return await task.value }
        let timer = Task { [clock = environment.clock] in
            do {
                try await clock.sleep(for: timeout)
                task.cancel()
                return true
            } catch {
                return false
            }
        }
        let outcome = await task.value
        timer.cancel()
        let isLate = await timer.value
        guard isLate, outcome.error != nil else { return outcome }
        return StepOutcome(
            state: outcome.state,
            error: WorkflowFailure.timedOut(step: step.name, after: timeout))
    }

    private func pause(_ duration: Duration) async {
        let task = Task { [clock = environment.clock] in
            do {
                try await clock.sleep(for: duration)
            } catch {
                // Woken early: the caller looks why.
            }
        }
        control.begin(.pause) { task.cancel() }
        await task.value
        control.end()
    }
}

extension StepRecord {
    /// Whether its `run` came to an end, good or bad.
    fileprivate var hasEnded: Bool { status == .done || status == .failed }

    fileprivate mutating func begin(_ status: Status, at time: Date) {
        self.status = status
        startedAt = time
    }

    fileprivate mutating func finish(_ status: Status, from start: Date, attempts: Int) {
        self.status = status
        self.attempts = attempts
        startedAt = startedAt ?? start
        error = nil
    }
}
