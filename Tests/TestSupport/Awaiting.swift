import Synchronization

/// A test waited for a state that did not come. Thrown, so that the test ends there: what is half
/// done is compared with nothing.
public struct StateNeverCame: Error, CustomStringConvertible, Sendable {
    /// Why nobody waits any more.
    public enum Reason: Sendable, Equatable {
        /// It took longer than this.
        case limit(Duration)
        /// The waiting task was cancelled; most likely the whole test took too long.
        case cancelled
        /// There are no more states.
        case ended
    }

    /// What was waited for.
    public let awaited: String
    public let reason: Reason
    /// The last state that was seen.
    public let found: String
    /// File and line of the wait.
    public let place: String

    public var description: String {
        let end =
            switch reason {
            case .limit(let limit): "gave up after \(limit)"
            case .cancelled: "was cancelled"
            case .ended: "there are no more states"
            }
        return "\(place): waited for \(awaited); \(end); instead there was: \(found)"
    }
}

/// What a wait has seen, and says when it gives up.
private final class WaitStory<State: Sendable>: Sendable {
    private let awaited: String
    private let place: String
    private let describe: @Sendable (State) -> String
    private let last = Mutex<State?>(nil)
    /// Characters of a state that a failure shows.
    private static var foundCountMax: Int { 4_000 }

    init(_ awaited: String, at place: String, describe: @escaping @Sendable (State) -> String) {
        self.awaited = awaited
        self.place = place
        self.describe = describe
    }

    func note(_ state: State) { last.withLock { $0 = state } }

    func failure(_ reason: StateNeverCame.Reason) -> StateNeverCame {
        let found = last.withLock(\.self).map { String(describe($0).prefix(Self.foundCountMax)) }
        return StateNeverCame(
            awaited: awaited, reason: reason, found: found ?? "nothing at all", place: place)
    }
}

/// The first of `states` that fulfils `condition`. Throws ``StateNeverCame`` when none does before
/// `limit` is over, the task is cancelled or the states end.
@discardableResult
public func awaiting<States: AsyncSequence & Sendable>(
    _ what: String, in states: States, limit: Duration = Patience.wait,
    file: String = #fileID, line: Int = #line,
    describe: @escaping @Sendable (States.Element) -> String = { String(describing: $0) },
    where condition: @escaping @Sendable (States.Element) -> Bool
) async throws -> States.Element where States.Element: Sendable {
    let story = WaitStory(what, at: "\(file):\(line)", describe: describe)
    return try await withThrowingTaskGroup(of: States.Element.self) { group in
        group.addTask {
            for try await state in states {
                story.note(state)
                if condition(state) { return state }
            }
            throw story.failure(Task.isCancelled ? .cancelled : .ended)
        }
        group.addTask {
            do {
                try await ContinuousClock().sleep(for: limit)
            } catch {
                throw story.failure(.cancelled)
            }
            throw story.failure(.limit(limit))
        }
        defer { group.cancelAll() }
        guard let state = try await group.next() else {
            throw story.failure(.ended)
        }
        return state
    }
}

/// What `look` finds, once it fulfils `condition`: for states whose changes nobody signals. Throws
/// ``StateNeverCame`` when `limit` is over or the task is cancelled, and what `look` throws.
@discardableResult
public func awaiting<State: Sendable>(
    _ what: String, limit: Duration = Patience.wait, file: String = #fileID, line: Int = #line,
    describe: @escaping @Sendable (State) -> String = { String(describing: $0) },
    _ look: () async throws -> State, until condition: (State) throws -> Bool
) async throws -> State {
    let story = WaitStory(what, at: "\(file):\(line)", describe: describe)
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while true {
        let state = try await look()
        story.note(state)
        if try condition(state) { return state }
        guard clock.now < deadline else { throw story.failure(.limit(limit)) }
        do {
            try await clock.sleep(for: Patience.lookInterval)
        } catch {
            throw story.failure(.cancelled)
        }
    }
}

/// The next element of a stream that a test takes one by one, so that none is lost. Throws
/// ``StateNeverCame`` when the stream ends; the limit is the test's own.
@discardableResult
public func awaiting<Element: Sendable>(
    _ what: String, from stream: inout AsyncStream<Element>.Iterator, file: String = #fileID,
    line: Int = #line
) async throws -> Element {
    if let element = await stream.next() { return element }
    throw StateNeverCame(
        awaited: what, reason: Task.isCancelled ? .cancelled : .ended, found: "nothing more",
        place: "\(file):\(line)")
}
