import Synchronization

/// A clock on which waits shorter than a bound pass at once, and longer ones never: waits between
/// attempts cost nothing, and no time limit is ever reached by accident.
final class PatientClock: Clock {
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
        var waits: [Swift.Duration] = []
    }
    private let state = Mutex(State())
    private let bound: Swift.Duration

    init(bound: Swift.Duration = .seconds(61)) { self.bound = bound }

    var now: Instant { state.withLock(\.now) }
    var minimumResolution: Swift.Duration { .zero }

    /// Short waits that have passed, oldest first.
    var waits: [Swift.Duration] { state.withLock(\.waits) }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        let wait = now.duration(to: deadline)
        guard wait < bound else {
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            defer { continuation.finish() }
            for await _ in stream {}
            throw CancellationError()
        }
        try Task.checkCancellation()
        state.withLock { state in
            state.waits.append(wait)
            state.now = max(state.now, deadline)
        }
        await Task.yield()
    }
}
