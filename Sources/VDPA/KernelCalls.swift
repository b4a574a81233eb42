internal import Dispatch
internal import Synchronization

/// Runs calls that the kernel may not let go of, and gives up waiting for them.
///
/// A generic netlink request is served inside `sendmsg`, where no time limit of the socket
/// counts: while `vdpa dev del` waits for a guest to close its device, it holds the lock that
/// every other request needs (drivers/vdpa/vdpa.c, vhost_vdpa_remove). Their threads can't be
/// taken back, so their number is bounded.
final class KernelCalls: Sendable {
    /// For all clients of this process.
    static let shared = KernelCalls(concurrentMax: 8)

    private let concurrentMax: Int
    private let running = Mutex(0)
    private let queue = DispatchQueue(label: "kernel-calls", attributes: .concurrent)
    private let timers = DispatchQueue(label: "kernel-call-timers")

    /// At most `concurrentMax` calls at a time, those that hang included.
    init(concurrentMax: Int) { self.concurrentMax = concurrentMax }

    /// Throws ``VDPAError/timedOut(operation:)`` after `timeoutMS`, and at once while too many
    /// calls hang; `body` then ends when it can, for nobody.
    func run<Value: Sendable>(
        _ operation: String, timeoutMS: Int64,
        _ body: @escaping @Sendable () throws(VDPAError) -> Value
    ) async throws(VDPAError) -> Value {
        guard begin() else { throw .timedOut(operation: operation) }
        let result: Result<Value, VDPAError> = await withCheckedContinuation { continuation in
            let answer = OneAnswer(continuation)
            queue.async {
                do throws(VDPAError) {
                    answer.give(.success(try body()))
                } catch {
                    answer.give(.failure(error))
                }
                self.running.withLock { $0 -= 1 }
            }
            let milliseconds = Int(clamping: max(1, timeoutMS))
            timers.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                answer.give(.failure(.timedOut(operation: operation)))
            }
        }
        return try result.get()
    }

    private func begin() -> Bool {
        running.withLock { running in
            guard running < concurrentMax else { return false }
            running += 1
            return true
        }
    }
}

/// A continuation that takes the first of several answers.
final class OneAnswer<Value: Sendable>: Sendable {
    typealias Answer = Result<Value, VDPAError>
    private let continuation: Mutex<CheckedContinuation<Answer, Never>?>

    init(_ continuation: CheckedContinuation<Answer, Never>) {
        self.continuation = Mutex(continuation)
    }

    func give(_ answer: Answer) {
        let first = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        first?.resume(returning: answer)
    }
}
