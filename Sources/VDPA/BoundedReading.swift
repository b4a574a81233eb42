internal import Dispatch
internal import Synchronization

/// Reads what drivers answer inside the kernel, one reading at a time, and gives up on one that
/// hangs.
///
/// A driver that waits for its card under a lock (rtnl, for netdevs) keeps whoever reads its
/// files or asks its ethtool inside the kernel, where no time limit counts. That thread can't be
/// ended; so there is one at most, and until it is let go nobody is sent after it.
///
/// ```
///  idle ---- run ----> reading ---- ends ----> idle, or the next that waits is reading
///                         |
///                       limit ---> hanging (all who wait or come fail) --- ends ---> idle
/// ```
public final class BoundedReading: Sendable {
    /// What operators have to know of.
    public enum Event: Sendable, Equatable {
        /// A reading is given up; its thread is held until the kernel lets go of it.
        case hangs(VDPAError)
        /// It has ended after all, and what was said of it is over.
        case ended(VDPAError)
    }

    private enum Phase {
        case idle
        case reading(number: Int)
        case hanging(VDPAError)
    }

    private struct State {
        var phase = Phase.idle
        var lastNumber = 0
        var waiting: [CheckedContinuation<Result<Int, VDPAError>, Never>] = []
    }

    private let limitMS: Int
    private let clock: any Clock<Duration>
    private let tell: @Sendable (Event) -> Void
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "bounded-reading", attributes: .concurrent)

    /// Readings of at most `limitMS` milliseconds by `clock`; `tell` is called when one hangs and
    /// when it ends after all.
    public init(
        limitMS: Int, clock: any Clock<Duration>, tell: @escaping @Sendable (Event) -> Void
    ) {
        self.limitMS = limitMS
        self.clock = clock
        self.tell = tell
    }

    /// Runs `body` on a thread of its own when all readings before it have ended. It notes what it
    /// reads, so that the error can name it.
    ///
    /// Throws ``VDPAError/hanging(operation:reading:limitMS:)`` when it takes longer than the
    /// limit, and at once, without a thread, while an earlier reading hangs: then the earlier
    /// one's error. `body` itself may end long after.
    public func run<Value: Sendable>(
        _ operation: String,
        _ body: @escaping @Sendable (ReadingNote) throws(VDPAError) -> Value
    ) async throws(VDPAError) -> Value {
        let number = try await turn().get()
        let note = ReadingNote()
        let result: Result<Value, VDPAError> = await withCheckedContinuation { continuation in
            let answer = OneAnswer(continuation)
            let limit = Task {
                do { try await clock.sleep(for: .milliseconds(limitMS)) } catch { return }
                let error = VDPAError.hanging(
                    operation: operation, reading: note.current, limitMS: limitMS)
                if giveUp(number, error) { answer.give(.failure(error)) }
            }
            queue.async {
                let result: Result<Value, VDPAError>
                do throws(VDPAError) {
                    result = .success(try body(note))
                } catch {
                    result = .failure(error)
                }
                limit.cancel()
                self.end()
                answer.give(result)
            }
        }
        return try result.get()
    }

    /// The number of the reading that may begin now.
    private func turn() async -> Result<Int, VDPAError> {
        await withCheckedContinuation { continuation in
            let answer: Result<Int, VDPAError>? = state.withLock { state in
                switch state.phase {
                case .idle: return .success(Self.begin(&state))
                case .hanging(let error): return .failure(error)
                case .reading:
                    state.waiting.append(continuation)
                    return nil
                }
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private static func begin(_ state: inout State) -> Int {
        state.lastNumber += 1
        state.phase = .reading(number: state.lastNumber)
        return state.lastNumber
    }

    /// Whether the reading was still under way; then it hangs from now on.
    private func giveUp(_ number: Int, _ error: VDPAError) -> Bool {
        let failed: [CheckedContinuation<Result<Int, VDPAError>, Never>]? = state.withLock {
            state in
            guard case .reading(number) = state.phase else { return nil }
            state.phase = .hanging(error)
            defer { state.waiting = [] }
            return state.waiting
        }
        guard let failed else { return false }
        tell(.hangs(error))
        for continuation in failed { continuation.resume(returning: .failure(error)) }
        return true
    }

    private func end() {
        let (before, next) = state.withLock { state in
            let before = state.phase
            state.phase = .idle
            guard !state.waiting.isEmpty else { return (before, (() -> Void)?.none) }
            let continuation = state.waiting.removeFirst()
            let number = Self.begin(&state)
            return (before, { continuation.resume(returning: .success(number)) })
        }
        if case .hanging(let error) = before { tell(.ended(error)) }
        next?()
    }
}
