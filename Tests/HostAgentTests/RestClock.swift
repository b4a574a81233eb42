import Synchronization

/// A clock on which waits of one length, the rests, end when a test says so; shorter ones pass at
/// once and longer ones never.
final class RestClock: Clock {
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
        var passed = 0
        var next = 0
        var sleepers: [Int: AsyncStream<Void>.Continuation] = [:]
        var watchers: [AsyncStream<Int>.Continuation] = []
    }

    let now = Instant()
    let minimumResolution = Swift.Duration.zero
    private let rest: Swift.Duration
    private let state = Mutex(State())

    init(rest: Swift.Duration) { self.rest = rest }

    /// How often time passed.
    var rested: Int { state.withLock(\.passed) }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        if deadline.offset < rest { return try Task.checkCancellation() }
        let (stream, wake) = AsyncStream<Void>.makeStream()
        defer { wake.finish() }
        if deadline.offset == rest {
            state.withLock { state in
                state.next += 1
                state.sleepers[state.next] = wake
                for watcher in state.watchers { watcher.yield(state.sleepers.count) }
            }
        }
        for await _ in stream {}
        try Task.checkCancellation()
    }

    /// Ends all rests.
    func pass() {
        let sleepers = state.withLock { state in
            state.passed += 1
            defer { state.sleepers = [:] }
            return state.sleepers.values
        }
        for wake in sleepers { wake.finish() }
    }

    /// Waits until so many rest.
    func resting(_ count: Int) async {
        let (stream, watcher) = AsyncStream.makeStream(of: Int.self)
        state.withLock { state in
            watcher.yield(state.sleepers.count)
            state.watchers.append(watcher)
        }
        for await resting in stream where resting >= count { return }
    }
}
