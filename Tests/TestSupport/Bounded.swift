import Foundation
import Synchronization
import Testing

/// Lets so many at a time through, in the order in which they came.
public final class AsyncSemaphore: Sendable {
    private typealias Turn = CheckedContinuation<Void, any Error>

    private struct State {
        var free: Int
        var nextID = 0
        var queue: [(id: Int, turn: Turn)] = []
    }

    private let state: Mutex<State>

    public init(places: Int) { state = Mutex(State(free: places)) }

    /// Those who wait for a place.
    public var waiting: Int { state.withLock(\.queue.count) }

    /// Runs `body` when a place is free. Throws `CancellationError` when the task is cancelled
    /// before.
    public func withPlace<Value: Sendable>(
        _ body: () async throws -> Value
    ) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (turn: Turn) in
                let isFree = state.withLock { state -> Bool? in
                    if Task.isCancelled { return nil }
                    if state.free == 0 {
                        state.queue.append((id, turn))
                        return false
                    }
                    state.free -= 1
                    return true
                }
                if isFree == nil { turn.resume(throwing: CancellationError()) }
                if isFree == true { turn.resume() }
            }
        } onCancel: {
            let turn = state.withLock { state -> Turn? in
                guard let index = state.queue.firstIndex(where: { $0.id == id }) else { return nil }
                return state.queue.remove(at: index).turn
            }
            turn?.resume(throwing: CancellationError())
        }
    }

    private func leave() {
        let next = state.withLock { state -> Turn? in
            if !state.queue.isEmpty { return state.queue.removeFirst().turn }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

/// Tests of which only so many run at once, in the whole process. Its time limit, for the hung, is
/// counted from a test's turn on.
public struct BoundedTrait: TestTrait, SuiteTrait, TestScoping {
    private static let turnstile = AsyncSemaphore(
        places: ProcessInfo.processInfo.activeProcessorCount)

    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.turnstile.withPlace {
            try await withoutActuallyEscaping(function) { body in
                try await endingTheHung(
                    after: .seconds(60 * Patience.testMinutes), name: test.name, body)
            }
        }
    }
}

/// Cancels `body` and records an issue when it is not over within `limit`.
func endingTheHung(
    after limit: Duration, name: String, _ body: @escaping @Sendable () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
            try await body()
            return true
        }
        group.addTask {
            // Cancelled when the body is over.
            try await ContinuousClock().sleep(for: limit)
            return false
        }
        if try await group.next() == true { return group.cancelAll() }
        Issue.record("\(name) was not over within \(limit) of its turn")
        group.cancelAll()
        _ = try await group.next()
    }
}

extension Trait where Self == BoundedTrait {
    /// For suites that start hundreds of agents: as many of their tests run at once as the machine
    /// has cores. More would only make all of them, and everybody else, slow.
    public static var bounded: Self { BoundedTrait() }
}
