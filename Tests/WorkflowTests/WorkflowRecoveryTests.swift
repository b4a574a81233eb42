import Foundation
import TestSupport
import Testing
import WorkflowTesting

@testable import Workflow

@Suite struct WorkflowRecoveryTests {
    let workshop = Workshop()
    let log = MemoryWorkflowLog()
    let entered = Gate()
    let gate = Gate()

    func definition() -> Assembly {
        Assembly(
            .makes("a", in: workshop),
            .makes("b", in: workshop) { [entered, gate] context in
                entered.open()
                _ = try? await gate.pass()
                try context.checkCancellation()
            }, .makes("c", in: workshop))
    }

    @Test func shutdownLetsTheStepEndAndStopsThere() async throws {
        let definition = definition()
        let engine = try await makeEngine(log, definition, clock: ManualClock())
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        async let stopped: Void = engine.shutdown(grace: .seconds(60))
        try await awaiting("the shutdown", { await engine.isShutDown }, until: { $0 })
        gate.open()
        await stopped
        #expect(workshop.diary == ["make a", "make b"])
        let line = try #require(await log.load(id)).record
        #expect(line.status == .running)
        #expect(line.progress.position == 2)
        await #expect(throws: WorkflowEngineError.shutDown) {
            try await engine.begin(definition)
        }

        let successor = try await makeEngine(log, definition)
        try await successor.resumeAll()
        #expect(try await successor.wait(for: id).status == .succeeded)
        #expect(workshop.diary == ["make a", "make b", "make c"])
    }

    @Test func shutdownInterruptsAfterItsGraceWithoutUnwinding() async throws {
        let definition = definition()
        let clock = ManualClock()
        let engine = try await makeEngine(log, definition, clock: clock)
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        async let stopped: Void = engine.shutdown(grace: .seconds(60))
        try await clock.waitForSleepers()
        clock.advance(by: .seconds(60))
        await stopped
        let line = try #require(await log.load(id)).record
        #expect(line.status == .running)
        #expect(line.progress.position == 1)
        #expect(workshop.things == ["a", "b"])
    }

    @Test func whoWaitsIsToldOfTheShutdown() async throws {
        let definition = definition()
        let engine = try await makeEngine(log, definition)
        let id = try await engine.begin(definition)
        try await entered.opened("the second step")
        let waiting = Task { try await engine.wait(for: id) }
        try await awaiting(
            "somebody to wait", { await engine.waiters.count }, until: { $0 > 0 })
        await engine.shutdown(grace: .zero)
        await #expect(throws: WorkflowEngineError.notDriven(id: id)) {
            try await waiting.value
        }
    }

    @Test func twoEnginesDoNotDriveOneWorkflow() async throws {
        let definition = definition()
        let first = try await makeEngine(log, definition)
        let id = try await first.begin(definition)
        try await entered.opened("the second step")
        // Another engine finishes it while the first one hangs in its step.
        let plain = Assembly(
            .makes("a", in: workshop), .makes("b", in: workshop), .makes("c", in: workshop))
        let second = try await makeEngine(log, plain)
        try await second.resumeAll()
        #expect(try await second.wait(for: id).status == .succeeded)
        let commits = log.commits
        let waiting = Task { try await first.wait(for: id) }
        try await awaiting(
            "somebody to wait", { await first.waiters.count }, until: { $0 > 0 })
        gate.open()
        await #expect(throws: WorkflowEngineError.notDriven(id: id)) {
            try await waiting.value
        }
        #expect(await first.driven.isEmpty)
        #expect(log.commits == commits)
        #expect(workshop.things == ["a", "b", "c"])
    }

    @Test func reportsWhatItCannotResume() async throws {
        let old = Assembly(.makes("a", in: workshop), .makes("gone", in: workshop))
        let writer = try await makeEngine(log, old)
        let record = try writer.makeRecord(
            old, state: Order(), subject: "s", requestID: "r", id: "w")
        _ = try await log.insert(record)
        let engine = try await makeEngine(log, Assembly(.makes("a", in: workshop)))
        let refused = try await engine.resumeAll()
        #expect(refused.map(\.id) == ["w"])
        #expect(
            refused.first?.reason == .definitionChanged(id: "w", kind: "assembly", version: 1))
        await #expect(throws: WorkflowEngineError.notDriven(id: "w")) {
            try await engine.wait(for: "w")
        }
        #expect(workshop.diary.isEmpty)
    }

    @Test func refusesBadDefinitions() async throws {
        let engine = try await makeEngine(log, Assembly(.makes("a", in: workshop)))
        let again = Assembly(.makes("a", in: workshop))
        await #expect(
            throws: WorkflowEngineError.duplicateDefinition(kind: "assembly", version: 1)
        ) {
            try await engine.register(again)
        }
        #expect(throws: WorkflowEngineError.self) { try AnyWorkflowDefinition(Assembly()) }
        #expect(throws: WorkflowEngineError.self) {
            try AnyWorkflowDefinition(
                Assembly(.makes("a", in: workshop), .makes("a", in: workshop)))
        }
    }

    @Test func stuckWorkflowsAreTriedAgainAtTheNextStart() async throws {
        let broken = Assembly(
            WorkflowStep("a") { _, _ in
                throw final
            } undo: { _, _ in
                throw transient
            })
        let record = try await makeEngine(log, broken).finish(broken)
        #expect(record.status == .stuck)
        let mended = Assembly(
            WorkflowStep("a") { _, _ in
                throw final
            } undo: { _, _ in
            })
        let successor = try await makeEngine(log, mended)
        try await successor.resumeAll()
        #expect(try await successor.wait(for: record.id).status == .failed)
    }
}
