import Synchronization

/// A clock that moves only when told. Tests wait for the sleeper, then move the time.
public final class ManualClock: Clock {
    /// Time since the clock was made.
    public struct Instant: InstantProtocol {
        public let offset: Duration

        public func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        public func duration(to other: Instant) -> Duration { other.offset - offset }

        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private struct Sleeper {
        let deadline: Duration
        let wake: AsyncStream<Never>.Continuation
    }

    private struct State: Sendable {
        var time = Duration.zero
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var waits: [Duration] = []

        func dueSleepers(within duration: Duration?) -> Int {
            guard let duration else { return sleepers.count }
            return sleepers.values.count { $0.deadline <= time + duration }
        }
    }

    private let shared = Watched(State())
    private let bound: Duration

    /// A clock at zero. Sleeps shorter than `passing` are over at once and take no time.
    public init(passing bound: Duration = .zero) { self.bound = bound }

    public var now: Instant { Instant(offset: shared.state.time) }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Tasks that sleep now.
    public var sleepers: Int { shared.state.sleepers.count }

    /// All sleeps that were begun and did not pass at once, oldest first.
    public var waits: [Duration] { shared.state.waits }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let (stream, wake) = AsyncStream<Never>.makeStream()
        let id: Int? = shared.change { state in
            let wait = deadline.offset - state.time
            guard wait > .zero, wait >= bound else { return nil }
            state.nextID += 1
            state.sleepers[state.nextID] = Sleeper(deadline: deadline.offset, wake: wake)
            state.waits.append(wait)
            return state.nextID
        }
        if let id {
            wake.onTermination = { [shared] _ in
                shared.change { _ = $0.sleepers.removeValue(forKey: id) }
            }
            for await _ in stream {}
        }
        try Task.checkCancellation()
    }

    /// Returns once at least `count` tasks sleep that would wake within `duration`, if given.
    public func waitForSleepers(
        _ count: Int = 1, within duration: Duration? = nil, file: String = #fileID,
        line: Int = #line
    ) async throws {
        let bound = duration.map { " for at most \($0)" } ?? ""
        try await awaiting(
            "\(count) to sleep\(bound)", in: shared.states(), file: file, line: line
        ) { state in
            let until = state.sleepers.values.map { "\($0.deadline)" }.sorted()
            return "sleepers until \(until), at \(state.time)"
        } where: {
            $0.dueSleepers(within: duration) >= count
        }
    }

    /// Moves the time on and wakes those whose time has come.
    public func advance(by duration: Duration) {
        let due = shared.change { state in
            state.time += duration
            let due = state.sleepers.filter { $0.value.deadline <= state.time }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.wake)
        }
        for wake in due { wake.finish() }
    }
}
