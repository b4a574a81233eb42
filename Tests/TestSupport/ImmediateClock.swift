import Synchronization

/// A clock on which every sleep is over at once; its time moves on by what was slept.
public final class ImmediateClock: Clock {
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

    private let state = Mutex((time: Duration.zero, waits: [Duration]()))
    private let bound: Duration?

    /// A clock at zero. Sleeps of `bound` or longer never end, so that waits between attempts cost
    /// nothing and no time limit is reached by accident.
    public init(bound: Duration? = nil) { self.bound = bound }

    public var now: Instant { Instant(offset: state.withLock(\.time)) }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Sleeps that are over, oldest first.
    public var waits: [Duration] { state.withLock(\.waits) }

    public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let wait = now.duration(to: deadline)
        if let bound, wait >= bound {
            let (never, held) = AsyncStream<Never>.makeStream()
            defer { held.finish() }
            for await _ in never {}
            throw CancellationError()
        }
        try Task.checkCancellation()
        state.withLock { state in
            state.waits.append(wait)
            state.time = max(state.time, deadline.offset)
        }
        await Task.yield()
        try Task.checkCancellation()
    }
}
