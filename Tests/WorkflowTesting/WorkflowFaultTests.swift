import Foundation
import Logging
import Synchronization
import TestSupport
import Workflow

/// How the world must be when a workflow has ended.
public enum WorkflowOutcome: Sendable, Equatable {
    /// As after success.
    case succeeded
    /// As before: everything was undone.
    case unwound
    /// One of both: something that nobody controls was faster or not.
    case either
    /// As before, with the request still to be dealt with: nothing was stored of the workflow.
    case untouched
}

/// The mechanical tests every workflow must pass, for any definition.
///
/// Each run gets a world of its own (whatever the steps act on), so runs don't disturb each other.
/// Time limits of steps are ignored and pauses take no time. What is found is thrown as a
/// ``WorkflowFault`` that names the run.
public struct WorkflowFaultTests<World: Sendable, Definition: WorkflowDefinition>: Sendable {
    /// What a step's failure must lead to, before (false) or after (true) its work.
    public typealias Expectation = @Sendable (_ step: String, _ afterWork: Bool) -> WorkflowOutcome

    let makeWorld: @Sendable () async throws -> World
    let makeDefinition: @Sendable (World) -> Definition
    let makeState: @Sendable (World) -> Definition.State
    let verify: @Sendable (World, WorkflowOutcome) async throws -> Void
    let expectation: Expectation
    private let runCount = RunCount()

    /// Runs so far.
    public var runs: Int { runCount.value }

    /// `verify` throws unless the world is as the outcome says. `expectation` tells what becomes of
    /// a workflow whose step fails: behind some steps there is no way back.
    public init(
        makeWorld: @escaping @Sendable () async throws -> World,
        makeDefinition: @escaping @Sendable (World) -> Definition,
        makeState: @escaping @Sendable (World) -> Definition.State,
        expectation: @escaping Expectation = { _, _ in .unwound },
        verify: @escaping @Sendable (World, WorkflowOutcome) async throws -> Void
    ) {
        self.makeWorld = makeWorld
        self.makeDefinition = makeDefinition
        self.makeState = makeState
        self.expectation = expectation
        self.verify = verify
    }

    /// For workflows that can be undone from each step. `verifySucceeded` and `verifyUnwound` throw
    /// unless the world is as it must be after the workflow succeeded, or after everything was
    /// undone.
    public init(
        makeWorld: @escaping @Sendable () async throws -> World,
        makeDefinition: @escaping @Sendable (World) -> Definition,
        makeState: @escaping @Sendable (World) -> Definition.State,
        verifySucceeded: @escaping @Sendable (World) async throws -> Void,
        verifyUnwound: @escaping @Sendable (World) async throws -> Void
    ) {
        self.init(makeWorld: makeWorld, makeDefinition: makeDefinition, makeState: makeState) {
            try await ($1 == .succeeded ? verifySucceeded : verifyUnwound)($0)
        }
    }

    /// All of them. Of the crashes of runs in which a step fails only each `crashStride`-th.
    public func runAll(crashStride: Int = 1) async throws {
        try await succeed()
        try await failEachStep()
        try await repeatEachUndo()
        try await repeatEachRun()
        try await crashAtEachCommit()
        try await crashWhileUnwinding(stride: crashStride)
    }

    /// Nothing goes wrong.
    public func succeed() async throws {
        try await check(.undisturbed("undisturbed")) { FaultyDefinition(base: $0) }
    }

    /// Each step fails, before and after its work; everything is undone.
    public func failEachStep() async throws {
        try await forEachFailure { failure, run in
            try await check(run) { FaultyDefinition(base: $0, failure: failure) }
        }
    }

    /// The same, with every undo done twice.
    public func repeatEachUndo() async throws {
        try await forEachFailure { failure, run in
            try await check(run.named(run.name + ", each undo twice")) {
                FaultyDefinition(base: $0, failure: failure, repeatsUndo: true)
            }
        }
    }

    /// Every step runs twice, to the end and to a failure.
    public func repeatEachRun() async throws {
        try await check(.undisturbed("each step twice")) {
            FaultyDefinition(base: $0, repeatsRun: true)
        }
        try await forEachFailure { failure, run in
            try await check(run.named("each step twice, " + run.name)) {
                FaultyDefinition(base: $0, failure: failure, repeatsRun: true)
            }
        }
    }

    /// The process ends right before and right after each commit of a run that would succeed;
    /// another engine resumes it.
    public func crashAtEachCommit() async throws {
        try await forEachCrash(.undisturbed("undisturbed")) { FaultyDefinition(base: $0) }
    }

    /// The same for runs in which a step fails; each `stride`-th of them.
    public func crashWhileUnwinding(stride: Int = 1) async throws {
        let turns = RunCount()
        try await forEachFailure { failure, run in
            try await forEachCrash(run, stride: stride, turns) {
                FaultyDefinition(base: $0, failure: failure)
            }
        }
    }
}

/// What a mechanical test found.
public struct WorkflowFault: Error, CustomStringConvertible {
    /// Which run: what was made to fail, where it crashed.
    public let run: String
    /// What was found instead.
    public let detail: String

    public var description: String { "\(run): \(detail)" }
}

/// Counts what is done one after the other.
private final class RunCount: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// The number of the one that begins now, from 0.
    @discardableResult
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count - 1
        }
    }
}

/// One run: what is done to it, and what must come of it.
private struct FaultRun {
    var name: String
    var status: WorkflowStatus
    var outcome: WorkflowOutcome
    var crash: MemoryWorkflowLog.CrashPoint?

    static func undisturbed(_ name: String) -> FaultRun {
        FaultRun(name: name, status: .succeeded, outcome: .succeeded)
    }

    func named(_ name: String) -> FaultRun {
        var copy = self
        copy.name = name
        return copy
    }

    func crashing(at commit: Int, isStored: Bool) -> FaultRun {
        var copy = named("\(name), crash \(isStored ? "after" : "before") commit \(commit)")
        copy.crash = MemoryWorkflowLog.CrashPoint(commit: commit, isStored: isStored)
        return copy
    }
}

extension WorkflowFaultTests {
    typealias Faulty = FaultyDefinition<Definition>

    private static var workflowID: String { "workflow-under-test" }

    private func forEachFailure(
        _ body: (Faulty.Failure, FaultRun) async throws -> Void
    ) async throws {
        let steps = makeDefinition(try await makeWorld()).steps
        for (index, step) in steps.enumerated() {
            for afterWork in [false, true] {
                let name = "\(step.name)\(afterWork ? " (its work done)" : "") fails"
                try await body(
                    Faulty.Failure(step: index, afterWork: afterWork),
                    FaultRun(
                        name: name, status: .failed,
                        outcome: expectation(step.name, afterWork)))
            }
        }
    }

    private func forEachCrash(
        _ run: FaultRun, stride: Int = 1, _ turns: RunCount = RunCount(),
        _ fault: @Sendable (Definition) -> Faulty
    ) async throws {
        let commits = try await check(run, fault)
        for commit in 1...commits {
            for isStored in [false, true] where turns.next() % stride == 0 {
                try await check(run.crashing(at: commit, isStored: isStored), fault)
            }
        }
    }

    /// One run in a world of its own; returns the number of commits.
    @discardableResult
    private func check(
        _ run: FaultRun, _ fault: @Sendable (Definition) -> Faulty
    ) async throws -> Int {
        runCount.next()
        let world = try await makeWorld()
        let definition = fault(makeDefinition(world))
        let log = MemoryWorkflowLog(crash: run.crash)
        let record = try await drive(definition, makeState(world), log, run.name)
        do {
            guard let record else {
                // It crashed before anything was stored: nothing may have happened.
                try await verify(world, .untouched)
                return log.commits
            }
            guard record.status == run.status else {
                throw WorkflowFault(
                    run: run.name,
                    detail: "ended as \(record.status), expected \(run.status);"
                        + " failure: \(record.failure?.message ?? "none");"
                        + " stuck: \(record.stuckReason?.message ?? "no")")
            }
            try await verify(world, run.outcome)
        } catch let fault as WorkflowFault {
            throw fault
        } catch {
            throw WorkflowFault(run: run.name, detail: String(describing: error))
        }
        return log.commits
    }

    /// Runs to the end, with another engine if the first one crashed. Nil: nothing was stored.
    private func drive(
        _ definition: Faulty, _ state: Definition.State, _ log: MemoryWorkflowLog, _ run: String
    ) async throws -> WorkflowRecord? {
        let engine = try await makeEngine(definition, log)
        do {
            try await engine.start(
                definition, state: state, subject: "subject", requestID: "request")
            return try await engine.wait(for: Self.workflowID)
        } catch {
            guard log.hasCrashed else {
                throw WorkflowFault(run: run, detail: String(describing: error))
            }
        }
        await engine.shutdown(grace: .zero)
        let next = log.restarted()
        let successor = try await makeEngine(definition, next)
        guard try await next.load(Self.workflowID) != nil else { return nil }
        try await successor.resumeAll()
        return try await successor.wait(for: Self.workflowID)
    }

    private func makeEngine(
        _ definition: Faulty, _ log: MemoryWorkflowLog
    ) async throws -> WorkflowEngine {
        let engine = WorkflowEngine(
            log: log, clock: ImmediateClock(), now: { Date(timeIntervalSince1970: 0) },
            makeID: { Self.workflowID },
            logger: Logger(label: "workflow-fault-tests") { _ in SwiftLogNoOpLogHandler() })
        try await engine.register(definition)
        return engine
    }
}
