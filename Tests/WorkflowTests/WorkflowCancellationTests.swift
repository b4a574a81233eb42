import TestSupport
import Testing
import WorkflowTesting

@testable import Workflow

@Suite struct WorkflowCancellationTests {
    let workshop = Workshop()
    let log = MemoryWorkflowLog()
    let entered = Gate()
    let gate = Gate()

    /// Two steps; the second says that it runs and waits.
    func definition(endsWell: Bool) -> Assembly {
        Assembly(
            .makes("a", in: workshop),
            .makes("b", in: workshop) { [entered, gate] context in
                entered.open()
                _ = try? await gate.pass()
                if !endsWell { try context.checkCancellation() }
            })
    }

    @Test(arguments: [true, false])
    func aRunningStepIsToldAndEverythingIsUndone(endsWell: Bool) async throws {
        let definition = definition(endsWell: endsWell)
        let engine = try await makeEngine(log, definition)
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        try await engine.cancel(id)
        let record = try await engine.wait(for: id)
        #expect(record.status == .failed)
        #expect(record.isCancelRequested)
        #expect(workshop.things.isEmpty)
        #expect(record.steps.map(\.status) == [.undone, .undone])
        #expect(record.failure == .cancelled)
    }

    @Test func aCancellationSurvivesACrash() async throws {
        let definition = definition(endsWell: true)
        let engine = try await makeEngine(log, definition)
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        let stored = try #require(await log.load(id))
        var record = stored.record
        record.requestCancellation(at: record.createdAt)
        _ = try await log.save(record, expecting: stored.generation)
        let next = log.restarted()
        gate.open()
        await engine.shutdown(grace: .zero)

        let successor = try await makeEngine(next, definition)
        try await successor.resumeAll()
        #expect(try await successor.wait(for: id).failure == .cancelled)
        #expect(workshop.things.isEmpty)
    }

    @Test func aRequestInTheCallersTransactionIsNoticed() async throws {
        let definition = definition(endsWell: false)
        let engine = try await makeEngine(log, definition)
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        let stored = try #require(await log.load(id))
        var record = stored.record
        record.requestCancellation(at: record.createdAt)
        _ = try await log.save(record, expecting: stored.generation)
        await engine.noticeCancellation(of: id)
        #expect(try await engine.wait(for: id).status == .failed)
    }

    @Test func endsAPauseBetweenAttempts() async throws {
        let clock = ManualClock()
        let definition = Assembly(
            .makes("a", in: workshop, retry: .brief) { _ in throw transient })
        let engine = try await makeEngine(log, definition, clock: clock)
        let id = try await engine.begin(definition)
        try await clock.waitForSleepers()
        try await engine.cancel(id)
        // The pause itself may end with the time; what counts is that no attempt follows it.
        clock.advance(by: .seconds(10))
        let record = try await engine.wait(for: id)
        #expect(record.failure == .cancelled)
        #expect(workshop.diary == ["make a", "remove a"])
    }

    @Test func aSettledWorkflowCannotBeCancelled() async throws {
        let definition = Assembly(.makes("a", in: workshop))
        let engine = try await makeEngine(log, definition)
        let record = try await engine.finish(definition)
        await #expect(
            throws: WorkflowEngineError.notPossible(id: record.id, status: .succeeded)
        ) {
            try await engine.cancel(record.id)
        }
        await #expect(throws: WorkflowEngineError.unknownWorkflow(id: "x")) {
            try await engine.cancel("x")
        }
    }
}
