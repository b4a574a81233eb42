import Synchronization

/// The recent events of a store in memory, handed to watchers right at the commit. Bounded: who
/// falls behind it has to read the engine's history.
final class ChangeFeed: Sendable {
    /// What the memory knows about the time after a revision.
    enum Answer {
        case events([StoreEvent])
        case upToDate
        /// Older than what is held: ask the history.
        case older
    }

    private struct State {
        /// In order of revision; what lies before `start` was dropped.
        var events: [StoreEvent] = []
        var start = 0
        var bytes = 0
        /// All events after this revision are held.
        var floor: Int64
    }

    private let state: Mutex<State>
    private let signal: RevisionSignal
    private let limits: StoreLimits

    init(revision: Int64, limits: StoreLimits) {
        state = Mutex(State(floor: revision))
        signal = RevisionSignal(revision)
        self.limits = limits
    }

    /// The revision of the last published event.
    var revision: Int64 { signal.value }

    /// The oldest revision after which nothing is missing here.
    var floor: Int64 { state.withLock { $0.floor } }

    func publish(_ events: [StoreEvent]) {
        guard let last = events.last else { return }
        state.withLock { state in
            state.events.append(contentsOf: events)
            state.bytes += events.reduce(0) { $0 + $1.bytes }
            trim(&state)
        }
        signal.advance(to: last.revision)
    }

    func answer(after revision: Int64) -> Answer {
        state.withLock { state in
            guard revision >= state.floor else { return .older }
            let held = state.events[state.start...]
            var low = held.startIndex
            var high = held.endIndex
            while low < high {
                let middle = low + (high - low) / 2
                if held[middle].revision <= revision { low = middle + 1 } else { high = middle }
            }
            return low == held.endIndex ? .upToDate : .events(Array(held[low...]))
        }
    }

    /// Waits for an event after `revision`; false once closed.
    func waitForEvent(after revision: Int64) async throws(StoreError) -> Bool {
        do {
            try await signal.wait(until: revision + 1)
            return true
        } catch .closed {
            return false
        }
    }

    func close() {
        signal.close()
    }

    private func trim(_ state: inout State) {
        while state.events.count - state.start > limits.recentEvents
            || state.bytes > limits.recentBytes
        {
            guard state.start < state.events.count else { break }
            let dropped = state.events[state.start]
            state.bytes -= dropped.bytes
            state.floor = dropped.revision
            state.events[state.start] = StoreEvent(revision: dropped.revision, changes: [])
            state.start += 1
        }
        // Moving the rest down each time would cost the whole list for every event.
        if state.start > limits.recentEvents {
            state.events.removeFirst(state.start)
            state.start = 0
        }
    }
}

extension StoreEvent {
    /// Size of the values it carries.
    fileprivate var bytes: Int {
        changes.reduce(0) { sum, change in
            if case .put(let document) = change { sum + document.value.count } else { sum }
        }
    }
}
