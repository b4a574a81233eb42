import Foundation
import Synchronization
import TestSupport
import Testing
import WorkflowTesting

@testable import Workflow

@Suite struct WorkflowEngineTests {
    let workshop = Workshop()
    let log = MemoryWorkflowLog()

    @Test func runsStepsInOrderAndCommitsEach() async throws {
        let definition = Assembly(.makes("a", in: workshop), .makes("b", in: workshop))
        let engine = try await makeEngine(log, definition)
        let record = try await engine.finish(definition)
        #expect(record.status == .succeeded)
        #expect(try record.decodedState(as: Order.self).made == ["a", "b"])
        #expect(workshop.diary == ["make a", "make b"])
        #expect(record.steps.map(\.status) == [.done, .done])
        #expect(log.history.map(\.progress.position) == [0, 1, 1])
        #expect(log.history.map(\.steps[1].status) == [.pending, .running, .done])
        #expect(await engine.driven.isEmpty)
    }

    @Test func unwindsBackwardsWithTheFirstError() async throws {
        let definition = Assembly(
            .makes("a", in: workshop), .makes("b", in: workshop),
            .makes("c", in: workshop) { _ in throw final })
        let record = try await makeEngine(log, definition).finish(definition)
        #expect(record.status == .failed)
        #expect(record.failure == final)
        #expect(workshop.things.isEmpty)
        #expect(workshop.diary.suffix(3) == ["remove c", "remove b", "remove a"])
        #expect(record.steps.map(\.status) == [.undone, .undone, .undone])
        #expect(record.steps[2].error == final)
    }

    @Test func anUndoSeesWhatTheFailedStepNoted() async throws {
        let definition = Assembly(
            WorkflowStep("half") { [workshop] state, _ in
                state.made = ["half done"]
                workshop.note("ran")
                throw final
            } undo: { [workshop] state, _ in
                workshop.note("undoes \(state.made)")
            })
        _ = try await makeEngine(log, definition).finish(definition)
        #expect(workshop.diary == ["ran", #"undoes ["half done"]"#])
    }

    @Test(arguments: [(2, WorkflowStatus.succeeded), (3, .succeeded), (4, .failed)])
    func triesAgainOnTransientErrors(needed: Int, status: WorkflowStatus) async throws {
        let policy = RetryPolicy(attempts: 3, firstPause: .seconds(1), longestPause: .seconds(9))
        let definition = Assembly(
            .makes("a", in: workshop, retry: policy) { context in
                if context.attempt < needed { throw transient }
            })
        let record = try await makeEngine(log, definition).finish(definition)
        #expect(record.status == status)
        #expect(record.steps[0].attempts == min(needed, 3))
        #expect(record.failure == (status == .failed ? transient : nil))
    }

    @Test func doesNotTryAgainOnFinalErrors() async throws {
        let definition = Assembly(
            .makes("a", in: workshop, retry: .brief) { _ in throw CocoaError(.fileNoSuchFile) })
        let record = try await makeEngine(log, definition).finish(definition)
        #expect(record.failure?.code == "internal")
        #expect(workshop.diary == ["make a", "remove a"])
    }

    @Test func aStepThatTakesTooLongIsCancelledAndFails() async throws {
        let clock = ManualClock()
        let gate = Gate()
        let definition = Assembly(
            .makes("a", in: workshop, timeout: .seconds(5)) { context in
                _ = try? await gate.pass()
                try context.checkCancellation()
            })
        let engine = try await makeEngine(log, definition, clock: clock)
        let id = try await engine.begin(definition)
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        let record = try await engine.wait(for: id)
        #expect(record.status == .failed)
        #expect(record.failure?.code == "step_timed_out")
        #expect(workshop.things.isEmpty)
    }

    @Test func aStuckUndoIsVisibleAndRetried() async throws {
        let isBroken = Mutex(true)
        let definition = Assembly(
            .makes("a", in: workshop),
            WorkflowStep("b") { _, _ in
                throw final
            } undo: { _, _ in
                if isBroken.withLock({ $0 }) { throw transient }
            })
        var limits = EngineLimits()
        limits.undoRetry.attempts = 4
        let engine = try await makeEngine(log, definition, limits: limits)
        let record = try await engine.finish(definition)
        #expect(record.status == .stuck)
        #expect(record.stuckReason == transient)
        #expect(record.failure == final)
        #expect(record.steps[1].undoAttempts == 4)
        #expect(record.steps[1].status == .undoFailed)
        #expect(workshop.things == ["a"])

        isBroken.withLock { $0 = false }
        try await engine.retry(record.id)
        let retried = try await engine.wait(for: record.id)
        #expect(retried.status == .failed)
        #expect(retried.stuckReason == nil)
        #expect(retried.failure == final)
        #expect(workshop.things.isEmpty)
        await #expect(throws: WorkflowEngineError.notPossible(id: record.id, status: .failed)) {
            try await engine.retry(record.id)
        }
    }

    @Test func savesAgainWhileTheLogIsUnavailable() async throws {
        let definition = Assembly(
            .makes("a", in: workshop) { [log] _ in log.failNext(3) }, .makes("b", in: workshop))
        let record = try await makeEngine(log, definition).finish(definition)
        #expect(record.status == .succeeded)
        #expect(workshop.diary == ["make a", "make b"])
    }

    @Test func letsGoWhenTheLogStaysUnavailable() async throws {
        let definition = Assembly(
            .makes("a", in: workshop) { [log, workshop] _ in
                if workshop.diary.count == 1 { log.failNext(100) }
            })
        let engine = try await makeEngine(log, definition)
        let id = try await engine.begin(definition)
        await #expect(throws: WorkflowEngineError.notDriven(id: id)) {
            try await engine.wait(for: id)
        }
        log.failNext(0)
        try await engine.resumeAll()
        #expect(try await engine.wait(for: id).status == .succeeded)
    }

    @Test func adoptsARecordStoredByTheCaller() async throws {
        let definition = Assembly(.makes("a", in: workshop))
        let engine = try await makeEngine(log, definition)
        let record = try engine.makeRecord(
            definition, state: Order(name: "x"), subject: "instance", requestID: "req-1",
            id: "mine", parent: "p")
        let generation = try await log.insert(record)
        try await engine.adopt(record, generation: generation)
        try await engine.adopt(record, generation: generation)
        let finished = try await engine.wait(for: "mine")
        #expect(finished.status == .succeeded)
        #expect(finished.parent == "p")
        #expect(workshop.diary == ["make a"])
    }

    @Test func tellsTheHookBeforeThoseWhoWait() async throws {
        let definition = Assembly(.makes("a", in: workshop))
        let engine = try await makeEngine(
            log, definition, onFinished: { [workshop] in workshop.note("hook \($0.status)") })
        _ = try await engine.finish(definition)
        #expect(workshop.diary == ["make a", "hook succeeded"])
    }

    @Test func startsAfterAnotherIsSettled() async throws {
        let gate = Gate()
        let workshop = workshop
        let definition = Assembly(
            WorkflowStep(withoutUndo: "only") { _, context in
                if context.workflowID == "w1" { try await gate.pass() }
                workshop.note(context.workflowID)
            })
        let engine = try await makeEngine(log, definition)
        let first = try await engine.begin(definition)
        let second = try await engine.begin(definition, after: first)
        let third = try await engine.begin(definition, after: "long gone")
        _ = try await engine.wait(for: third)
        #expect(workshop.diary == ["w3"])
        gate.open()
        _ = try await engine.wait(for: second)
        #expect(workshop.diary == ["w3", "w1", "w2"])
    }

    @Test func drivesABoundedNumberAtATime() async throws {
        let gate = Gate()
        let workshop = workshop
        let definition = Assembly(
            WorkflowStep(withoutUndo: "only") { _, context in
                workshop.note("begin")
                try await gate.pass()
            })
        var limits = EngineLimits()
        limits.concurrentWorkflows = 2
        let engine = try await makeEngine(log, definition, limits: limits)
        var ids: [String] = []
        for _ in 0..<7 { ids.append(try await engine.begin(definition)) }
        #expect(await engine.runningCount == 2)
        gate.open()
        for id in ids { #expect(try await engine.wait(for: id).status == .succeeded) }
        #expect(workshop.diary.count == 7)
        #expect(await engine.runningCount == 0)
    }

    @Test func recordsSurviveJSON() async throws {
        let definition = Assembly(.makes("a", in: workshop) { _ in throw final })
        let record = try await makeEngine(log, definition).finish(definition)
        let bytes = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(WorkflowRecord.self, from: bytes) == record)
    }
}
