import Synchronization

/// A number that only grows, and tasks waiting for it to reach a value. The one place of this
/// module where tasks wait.
final class RevisionSignal: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Void, StoreError>, Never>

    private struct State {
        var value: Int64
        var isClosed = false
        var nextID: UInt64 = 0
        var waiters: [UInt64: (target: Int64, continuation: Waiter)] = [:]
    }

    private let state: Mutex<State>

    init(_ value: Int64) {
        state = Mutex(State(value: value))
    }

    var value: Int64 { state.withLock { $0.value } }

    func advance(to value: Int64) {
        resume { state in
            state.value = max(state.value, value)
            return state.waiters.filter { $0.value.target <= state.value }.map(\.key)
        } with: {
            .success(())
        }
    }

    /// Everyone waiting, now or later, for a value not reached gets ``StoreError/closed``.
    func close() {
        resume { state in
            state.isClosed = true
            return Array(state.waiters.keys)
        } with: {
            .failure(.closed)
        }
    }

    /// Returns once the value is at least `target`.
    func wait(until target: Int64) async throws(StoreError) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                let known: Result<Void, StoreError>? = state.withLock { state in
                    if state.value >= target { return .success(()) }
                    if state.isClosed { return .failure(.closed) }
                    // The handler may have run already and found nobody: it looks no second time.
                    if Task.isCancelled { return .failure(.cancelled) }
                    state.waiters[id] = (target, continuation)
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            resume {
                $0.waiters[id] == nil ? [] : [id]
            } with: {
                .failure(.cancelled)
            }
        }
        try outcome.get()
    }

    private func resume(
        _ choose: (inout sending State) -> [UInt64],
        with outcome: () -> Result<Void, StoreError>
    ) {
        let chosen = state.withLock { state in
            choose(&state).compactMap { state.waiters.removeValue(forKey: $0)?.continuation }
        }
        for continuation in chosen { continuation.resume(returning: outcome()) }
    }
}
