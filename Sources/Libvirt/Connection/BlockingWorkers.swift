internal import Foundation
internal import Synchronization

/// A few threads of one's own for calls that block, so that they never hold up Swift's pool.
final class BlockingWorkers: Sendable {
    private let queue = JobQueue()

    /// Starts `count` threads; they end after ``stop()`` or with this object.
    init(name: String, count: Int) {
        for _ in 0..<count {
            // The thread holds the queue alone, else it would keep this object alive.
            let thread = Thread { [queue] in
                while let job = queue.next() { job() }
            }
            thread.name = name
            thread.start()
        }
    }

    deinit { queue.stop() }

    /// Ends the threads once all that was enqueued has run.
    func stop() { queue.stop() }

    /// Runs `job` when a thread is free; not at all after ``stop()``.
    func enqueue(_ job: @escaping @Sendable () -> Void) { queue.add(job) }

    /// Runs `body` on a thread and waits for it, `timeout` at most.
    ///
    /// A call that no thread took before its time was up is never made. One that was under way
    /// keeps its thread until it returns; then its result goes to `discard`.
    func run<Value: Sendable>(
        operation: String, object: String, timeout: Duration,
        discard: @escaping @Sendable (Value) -> Void = { _ in },
        body: @escaping @Sendable () -> Result<Value, LibvirtError>
    ) async throws(LibvirtError) -> Value {
        let reply = Reply<Value>()
        let timer = Task {
            do { try await Task.sleep(for: timeout) } catch { return }
            _ = reply.settle(
                .failure(.timedOut(operation: operation, object: object, limit: timeout)))
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                reply.attach(continuation)
                let isQueued = queue.add {
                    guard !reply.isSettled else { return }
                    let result = body()
                    if !reply.settle(result), case .success(let value) = result { discard(value) }
                }
                if !isQueued {
                    _ = reply.settle(.failure(.closed(operation: operation, object: object)))
                }
            }
        } onCancel: {
            _ = reply.settle(.failure(.cancelled(operation: operation, object: object)))
        }
        return try result.get()
    }
}

/// A result that counts once: from the thread, the clock or the cancelled caller.
private final class Reply<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, LibvirtError>

    private enum State {
        case open
        case awaited(CheckedContinuation<Outcome, Never>)
        case early(Outcome)
        case done
    }

    private let state = Mutex(State.open)

    var isSettled: Bool {
        state.withLock {
            switch $0 {
            case .open, .awaited: false
            case .early, .done: true
            }
        }
    }

    func attach(_ continuation: CheckedContinuation<Outcome, Never>) {
        let early: Outcome? = state.withLock {
            if case .early(let outcome) = $0 {
                $0 = .done
                return outcome
            }
            $0 = .awaited(continuation)
            return nil
        }
        if let early { continuation.resume(returning: early) }
    }

    /// False if another result came first.
    func settle(_ outcome: Outcome) -> Bool {
        let (isFirst, continuation) = state.withLock { state in
            switch state {
            case .open:
                state = .early(outcome)
                return (true, CheckedContinuation<Outcome, Never>?.none)
            case .awaited(let continuation):
                state = .done
                return (true, continuation)
            case .early, .done: return (false, nil)
            }
        }
        continuation?.resume(returning: outcome)
        return isFirst
    }
}

/// First in, first out, for any number of threads.
// @unchecked: every access to the variables is under `condition`'s lock.
private final class JobQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [@Sendable () -> Void] = []
    private var isStopped = false

    /// False if the queue is stopped: the job will never run.
    @discardableResult
    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !isStopped else { return false }
        jobs.append(job)
        condition.signal()
        return true
    }

    /// Waits for a job; nil when the queue is stopped and empty.
    func next() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isStopped { return nil }
            condition.wait()
        }
        return jobs.removeFirst()
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
    }
}
