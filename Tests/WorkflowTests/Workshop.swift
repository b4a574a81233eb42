import Foundation
import Logging
import Synchronization
import TestSupport
import Workflow
import WorkflowTesting

/// The world the test workflows act on: named things that exist or don't, and a diary.
final class Workshop: Sendable {
    private let state = Mutex((things: Set<String>(), diary: [String]()))

    var things: Set<String> { state.withLock { $0.things } }
    var diary: [String] { state.withLock { $0.diary } }

    func make(_ name: String) {
        state.withLock { state in
            state.things.insert(name)
            state.diary.append("make \(name)")
        }
    }

    func remove(_ name: String) {
        state.withLock { state in
            state.things.remove(name)
            state.diary.append("remove \(name)")
        }
    }

    func note(_ text: String) {
        state.withLock { $0.diary.append(text) }
    }
}

struct Order: Codable, Sendable, Equatable {
    var name = "n"
    var made: [String] = []
}

/// A definition put together by each test.
struct Assembly: WorkflowDefinition {
    static let kind = "assembly"
    let steps: [WorkflowStep<Order>]

    init(_ steps: WorkflowStep<Order>...) {
        self.steps = steps
    }
}

extension WorkflowStep where State == Order {
    /// Makes a thing; the undo removes it. Both may run any number of times.
    static func makes(
        _ thing: String, in workshop: Workshop, retry: RetryPolicy = .once,
        timeout: Duration? = nil,
        then: @escaping @Sendable (StepContext) async throws -> Void = { _ in }
    ) -> WorkflowStep {
        WorkflowStep(thing, timeout: timeout, retry: retry) { state, context in
            workshop.make(thing)
            if !state.made.contains(thing) { state.made.append(thing) }
            try await then(context)
        } undo: { state, _ in
            workshop.remove(thing)
            state.made.removeAll { $0 == thing }
        }
    }
}

func makeEngine(
    _ log: any WorkflowLog, _ definition: Assembly, clock: any Clock<Duration> = ImmediateClock(),
    limits: EngineLimits = EngineLimits(), onFinished: WorkflowEngine.SettledHook? = nil
) async throws -> WorkflowEngine {
    let numbers = Mutex(0)
    let engine = WorkflowEngine(
        log: log, clock: clock, now: { Date(timeIntervalSince1970: 1000) },
        makeID: {
            numbers.withLock { number in
                number += 1
                return "w\(number)"
            }
        }, limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        onFinished: onFinished)
    try await engine.register(definition)
    return engine
}

extension WorkflowEngine {
    func begin(_ definition: Assembly, after: String? = nil) async throws -> String {
        try await start(
            definition, state: Order(), subject: "s", requestID: "r", after: after)
    }

    func finish(_ definition: Assembly) async throws -> WorkflowRecord {
        try await wait(for: try await begin(definition))
    }
}

let transient = WorkflowFailure(code: "busy", message: "busy", isTransient: true)
let final = WorkflowFailure(code: "no_room", message: "there is no room")
