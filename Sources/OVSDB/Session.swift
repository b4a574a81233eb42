import JSON
import NIOCore
import Synchronization

/// The state that the callers' tasks and the channel's event loop share.
///
/// Continuations are always resumed outside the lock: ending a stream calls back into it.
final class Session: Sendable {
    /// The reader of a monitor, and how many updates it may leave unread.
    struct Reader: Sendable {
        let updates: AsyncThrowingStream<OVSDBTableUpdates, any Error>.Continuation
        let limit: Int
    }

    /// One call in flight.
    struct Waiter: Sendable {
        let method: String
        let continuation: CheckedContinuation<Result<JSONValue, OVSDBError>, Never>
        var timer: Scheduled<Void>?

        func resume(_ outcome: Result<JSONValue, OVSDBError>) {
            timer?.cancel()
            continuation.resume(returning: outcome)
        }
    }

    let address: OVSDBAddress
    private let state = Mutex(SessionState<Waiter, Reader>())

    init(address: OVSDBAddress) {
        self.address = address
    }

    /// Why the connection ended; `nil` while it is up.
    var ending: OVSDBError? { state.withLock { $0.ending } }

    func takeNumber() -> Int64 {
        state.withLock { $0.takeNumber() }
    }

    /// Remembers a call; `false` when the connection has ended, and the caller has been told.
    func register(_ waiter: Waiter, as number: Int64) -> Bool {
        let refusal = state.withLock { state -> OVSDBError? in
            do throws(OVSDBError) {
                try state.register(waiter, as: number)
                return nil
            } catch {
                return error
            }
        }
        guard let refusal else { return true }
        waiter.resume(.failure(refusal))
        return false
    }

    func attach(_ timer: Scheduled<Void>, to number: Int64) {
        let waiting = state.withLock { $0.amend(number) { $0.timer = timer } }
        if !waiting { timer.cancel() }
    }

    func settle(_ number: Int64, _ outcome: Result<JSONValue, OVSDBError>) {
        state.withLock { $0.settle(number) }?.resume(outcome)
    }

    func subscribe(_ reader: Reader, to monitor: String) throws(OVSDBError) {
        try state.withLock { state throws(OVSDBError) in
            try state.subscribe(reader, to: monitor)
        }
    }

    /// Ends a monitor's stream, with an error or because nobody reads it any more.
    @discardableResult
    func unsubscribe(from monitor: String, _ error: OVSDBError? = nil) -> Bool {
        guard let reader = state.withLock({ $0.unsubscribe(from: monitor) }) else { return false }
        reader.updates.finish(throwing: error)
        return true
    }

    func end(_ reason: OVSDBError) {
        let (waiters, readers) = state.withLock { $0.end(reason) }
        for waiter in waiters { waiter.resume(.failure(reason)) }
        for reader in readers { reader.updates.finish(throwing: reason) }
    }

    /// Takes in one message of the server; returns what to answer at once, if anything.
    func receive(_ message: RPCMessage) throws(OVSDBError) -> RPCMessage? {
        switch message {
        case .request("echo", let parameters, let id):
            return .response(id: id, result: .array(parameters), error: .null)
        case .request(_, _, let id):
            return .response(id: id, result: .null, error: .string("unknown method"))
        case .notification("update2", let parameters):
            try deliver(parameters)
            return nil
        case .notification:
            return nil
        case .response(.integer(let number), let result, let error):
            answer(number, result: result, error: error)
            return nil
        case .response(let id, _, _):
            throw .malformedMessage(detail: "an answer to \(id), which was never asked")
        }
    }

    private func answer(_ number: Int64, result: JSONValue, error: JSONValue) {
        // An answer to a call that has timed out or was cancelled finds nobody, rightly.
        guard let waiter = state.withLock({ $0.settle(number) }) else { return }
        guard error == .null else {
            let reason = error["details"]?.text ?? error.text ?? "\(error)"
            waiter.resume(.failure(.callRejected(method: waiter.method, reason: reason)))
            return
        }
        waiter.resume(.success(result))
    }

    private func deliver(_ parameters: [JSONValue]) throws(OVSDBError) {
        guard parameters.count == 2, let monitor = parameters[0].text else {
            throw .malformedMessage(detail: "an update without its monitor")
        }
        guard let reader = state.withLock({ $0.reader(of: monitor) }) else { return }
        let updates = try OVSDBRowUpdate.tables(json: parameters[1])
        if case .dropped = reader.updates.yield(updates) {
            unsubscribe(from: monitor, .monitorOverrun(limit: reader.limit))
        }
    }
}
