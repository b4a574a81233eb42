import Synchronization

/// A clock that moves only when told. Tests wait for the sleeper, then move the time.
public final class ManualClock: Clock {
    /// Time since the clock was made.
    public struct Instant: InstantProtocol {
        let offset: Duration

        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        public func duration(to other: Instant) -> Duration { other.offset - offset }

        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var time = Duration.zero
        var nextID = 0
        var sleepers: [Int: (deadline: Duration, continuation: Waiter)] = [:]
        var observers: [(count: Int, continuation: Waiter)] = []
    }

    private let state = Mutex(State())

    /// A clock at zero.
    public init() {}

    public var now: Instant { Instant(offset: state.withLock { $0.time }) }
    public var minimumResolution: Duration { .nanoseconds(1) }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let ready = state.withLock { state -> [Waiter] in
                    if Task.isCancelled || deadline.offset <= state.time { return [continuation] }
                    state.sleepers[id] = (deadline.offset, continuation)
                    let count = state.sleepers.count
                    let seen = state.observers.filter { $0.count <= count }
                    state.observers.removeAll { $0.count <= count }
                    return seen.map(\.continuation)
                }
                for waiter in ready { waiter.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    /// Returns once at least `count` tasks sleep on this clock.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { (continuation: Waiter) in
            let isMet = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.observers.append((count, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    /// Moves the time on and wakes those whose time has come.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.time += duration
            let due = state.sleepers.filter { $0.value.deadline <= state.time }.map(\.key)
            return due.compactMap { state.sleepers.removeValue(forKey: $0)?.continuation }
        }
        for continuation in woken { continuation.resume() }
    }
}
