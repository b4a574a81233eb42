import Synchronization

/// A state that some change and others wait for.
public final class Watched<State: Sendable>: Sendable {
    private struct Shared {
        var state: State
        var nextWatcher = 0
        var watchers: [Int: AsyncStream<State>.Continuation] = [:]
    }

    private let shared: Mutex<Shared>

    public init(_ state: State) { shared = Mutex(Shared(state: state)) }

    /// The present one.
    public var state: State { shared.withLock(\.state) }

    /// Changes the state and tells those who wait, in the order of the changes.
    @discardableResult
    public func change<Answer: Sendable>(_ body: (inout State) throws -> Answer) rethrows -> Answer
    {
        try shared.withLock { shared in
            let answer = try body(&shared.state)
            for watcher in shared.watchers.values { watcher.yield(shared.state) }
            return answer
        }
    }

    /// The present state and those that follow. A slow reader sees the newest, not all.
    public func states() -> AsyncStream<State> {
        let (stream, continuation) = AsyncStream<State>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let id = shared.withLock { shared in
            shared.nextWatcher += 1
            shared.watchers[shared.nextWatcher] = continuation
            continuation.yield(shared.state)
            return shared.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.shared.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    /// The first state that fulfils `condition`, for those who play a part in a test and may wait
    /// as long as it lasts; nobody's failure. Throws when the task is cancelled.
    public func next(
        where condition: (State) -> Bool
    ) async throws(CancellationError) -> State {
        for await state in states() where condition(state) { return state }
        throw CancellationError()
    }
}
