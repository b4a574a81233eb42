import Foundation
import Logging
import Workflow

/// The mechanical tests every workflow must pass, for any definition.
///
/// Each run gets a world of its own (whatever the steps act on), so runs don't disturb each other.
/// Time limits of steps are ignored and pauses take no time. What is found is thrown as a
/// ``WorkflowFault`` that names the run.
public struct WorkflowFaultTests<World: Sendable, Definition: WorkflowDefinition>: Sendable {
    let makeWorld: @Sendable () async throws -> World
    let makeDefinition: @Sendable (World) -> Definition
    let makeState: @Sendable (World) -> Definition.State
    let verifySucceeded: @Sendable (World) async throws -> Void
    let verifyUnwound: @Sendable (World) async throws -> Void

    /// `verifySucceeded` and `verifyUnwound` throw unless the world is as it must be after the
    /// workflow succeeded, or after everything was undone.
    public init(
        makeWorld: @escaping @Sendable () async throws -> World,
        makeDefinition: @escaping @Sendable (World) -> Definition,
        makeState: @escaping @Sendable (World) -> Definition.State,
        verifySucceeded: @escaping @Sendable (World) async throws -> Void,
        verifyUnwound: @escaping @Sendable (World) async throws -> Void
    ) {
        self.makeWorld = makeWorld
        self.makeDefinition = makeDefinition
        self.makeState = makeState
        self.verifySucceeded = verifySucceeded
        self.verifyUnwound = verifyUnwound
    }

    /// All of them.
    public func runAll() async throws {
        try await succeed()
        try await failEachStep()
        try await repeatEachUndo()
        try await repeatEachRun()
        try await crashAtEachCommit()
        try await crashWhileUnwinding()
    }

    /// Nothing goes wrong.
    public func succeed() async throws {
        try await check("undisturbed", expecting: .succeeded) { FaultyDefinition(base: $0) }
    }

    /// Each step fails, before and after its work; everything is undone.
    public func failEachStep() async throws {
        try await forEachFailure { failure, name in
            try await check("\(name) fails", expecting: .failed) {
                FaultyDefinition(base: $0, failure: failure)
            }
        }
    }

    /// The same, with every undo done twice.
    public func repeatEachUndo() async throws {
        try await forEachFailure { failure, name in
            try await check("\(name) fails, each undo twice", expecting: .failed) {
                FaultyDefinition(base: $0, failure: failure, repeatsUndo: true)
            }
        }
    }

    /// Every step runs twice, to the end and to a failure.
    public func repeatEachRun() async throws {
        try await check("each step twice", expecting: .succeeded) {
            FaultyDefinition(base: $0, repeatsRun: true)
        }
        try await forEachFailure { failure, name in
            try await check("each step twice, \(name) fails", expecting: .failed) {
                FaultyDefinition(base: $0, failure: failure, repeatsRun: true)
            }
        }
    }

    /// The process ends right before and right after each commit of a run that would succeed;
    /// another engine resumes it.
    public func crashAtEachCommit() async throws {
        try await forEachCrash("undisturbed", expecting: .succeeded) { FaultyDefinition(base: $0) }
    }

    /// The same for runs in which a step fails.
    public func crashWhileUnwinding() async throws {
        try await forEachFailure { failure, name in
            try await forEachCrash("\(name) fails", expecting: .failed) {
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

extension WorkflowFaultTests {
    typealias Faulty = FaultyDefinition<Definition>

    private static var workflowID: String { "workflow-under-test" }

    private func forEachFailure(
        _ body: (Faulty.Failure, String) async throws -> Void
    ) async throws {
        let steps = makeDefinition(try await makeWorld()).steps
        for (index, step) in steps.enumerated() {
            try await body(Faulty.Failure(step: index, afterWork: false), step.name)
            try await body(
                Faulty.Failure(step: index, afterWork: true), "\(step.name) (its work done)")
        }
    }

    private func forEachCrash(
        _ run: String, expecting status: WorkflowStatus,
        _ fault: @Sendable (Definition) -> Faulty
    ) async throws {
        let commits = try await check(run, expecting: status, fault)
        for commit in 1...commits {
            for isStored in [false, true] {
                try await check(
                    "\(run), crash \(isStored ? "after" : "before") commit \(commit)",
                    expecting: status,
                    crash: MemoryWorkflowLog.CrashPoint(commit: commit, isStored: isStored), fault)
            }
        }
    }

    /// One run in a world of its own; returns the number of commits.
    @discardableResult
    private func check(
        _ run: String, expecting status: WorkflowStatus,
        crash: MemoryWorkflowLog.CrashPoint? = nil, _ fault: @Sendable (Definition) -> Faulty
    ) async throws -> Int {
        let world = try await makeWorld()
        let definition = fault(makeDefinition(world))
        let log = MemoryWorkflowLog(crash: crash)
        let record = try await drive(definition, makeState(world), log, run)
        do {
            guard let record else {
                // It crashed before anything was stored: nothing may have happened.
                try await verifyUnwound(world)
                return log.commits
            }
            guard record.status == status else {
                throw WorkflowFault(
                    run: run,
                    detail: "ended as \(record.status), expected \(status);"
                        + " failure: \(record.failure?.message ?? "none");"
                        + " stuck: \(record.stuckReason?.message ?? "no")")
            }
            try await (status == .succeeded ? verifySucceeded : verifyUnwound)(world)
        } catch let fault as WorkflowFault {
            throw fault
        } catch {
            throw WorkflowFault(run: run, detail: String(describing: error))
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
