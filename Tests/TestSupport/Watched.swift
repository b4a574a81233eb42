import Synchronization

/// A state that some change and others wait for.
public final class Watched<State: Sendable>: Sendable {
    private struct Shared {
        var state: State
        var nextWatcher = 0
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let shared: Mutex<Shared>

    public init(_ state: State) { shared = Mutex(Shared(state: state)) }

    /// The present one.
    public var state: State { shared.withLock(\.state) }

    /// Changes the state and tells those who wait.
    @discardableResult
    public func change<Answer: Sendable>(_ body: (inout State) throws -> Answer) rethrows -> Answer
    {
        let (answer, watchers) = try shared.withLock { shared in
            (try body(&shared.state), shared.watchers.values)
        }
        // Without the lock: whoever is cancelled at this moment holds its task and wants the lock,
        // and a signal wants the task.
        for watcher in watchers { watcher.yield() }
        return answer
    }

    /// The present state and those that follow. A slow reader sees the newest, not all; it is read
    /// when a signal is taken, and so never one that is over.
    public func states() -> AsyncStream<State> {
        let (signals, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        let id = shared.withLock { shared in
            shared.nextWatcher += 1
            shared.watchers[shared.nextWatcher] = continuation
            return shared.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.shared.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return AsyncStream {
            for await _ in signals { return self.state }
            return nil
        }
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
