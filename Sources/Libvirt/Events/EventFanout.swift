internal import Synchronization

/// Gives each event to every reader. libvirt takes one registration of a kind a connection.
final class EventFanout<Event: Sendable>: Sendable {
    private struct State {
        var readers: [Int: AsyncStream<Event>.Continuation] = [:]
        var nextID = 0
        var isFinished = false
    }

    private let state = Mutex(State())
    private let eventCountMax: Int

    /// Holds `eventCountMax` events at most for each reader.
    init(eventCountMax: Int) {
        self.eventCountMax = eventCountMax
    }

    /// A stream of the events from now on; one that has ended already after ``finish()``.
    func subscribe() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(eventCountMax))
        let id: Int? = state.withLock {
            guard !$0.isFinished else { return nil }
            $0.nextID += 1
            $0.readers[$0.nextID] = continuation
            return $0.nextID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.readers.removeValue(forKey: id) }
        }
        return stream
    }

    /// A reader that is too slow gets the end of its stream, not a gap that it can't see.
    func yield(_ event: Event) {
        // Outside the lock: finishing takes the reader out, which takes the lock.
        for continuation in state.withLock({ Array($0.readers.values) }) {
            if case .dropped = continuation.yield(event) { continuation.finish() }
        }
    }

    /// Ends all streams, those to come included.
    func finish() {
        let readers = state.withLock { state in
            state.isFinished = true
            return Array(state.readers.values)
        }
        for continuation in readers { continuation.finish() }
    }
}
