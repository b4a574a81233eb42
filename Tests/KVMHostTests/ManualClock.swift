import Synchronization

/// A clock that stands still until a test moves it.
final class ManualClock: Clock {
    typealias Duration = Swift.Duration

    struct Instant: InstantProtocol {
        var offset: Swift.Duration = .zero
        func advanced(by duration: Swift.Duration) -> Instant {
            Instant(offset: offset + duration)
        }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant()
        var next = 0
        var sleepers: [Int: (deadline: Instant, wake: AsyncStream<Void>.Continuation)] = [:]
        var watchers: [AsyncStream<Int>.Continuation] = []
    }
    private let state = Mutex(State())

    var now: Instant { state.withLock(\.now) }
    var minimumResolution: Swift.Duration { .zero }

    /// Sleepers now.
    var sleeping: Int { state.withLock(\.sleepers.count) }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let id: Int? = state.withLock { state in
            guard state.now < deadline else { return nil }
            state.next += 1
            state.sleepers[state.next] = (deadline, continuation)
            for watcher in state.watchers { watcher.yield(state.sleepers.count) }
            return state.next
        }
        guard let id else { return }
        for await _ in stream {}
        state.withLock { state in
            _ = state.sleepers.removeValue(forKey: id)
            for watcher in state.watchers { watcher.yield(state.sleepers.count) }
        }
        try Task.checkCancellation()
    }

    /// Lets time pass; those whose time has come wake up.
    func advance(by duration: Swift.Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.map(\.value.wake)
        }
        for wake in due { wake.finish() }
    }

    /// Waits until somebody sleeps.
    func someoneSleeps(_ count: Int = 1) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        state.withLock { state in
            continuation.yield(state.sleepers.count)
            state.watchers.append(continuation)
        }
        for await sleeping in stream where sleeping >= count { return }
    }
}
