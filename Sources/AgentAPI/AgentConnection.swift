import LinkCertificates
import ServiceLifecycle
import Synchronization

/// One connection, as requests on it see it: who the peer is, and whether it is still there.
final class AgentConnection: Sendable {
    /// What a peer has shown.
    enum Peer: Sendable {
        /// No certificate: may only join.
        case anonymous
        /// A certificate that our CA signed for this host.
        case host(String, LinkCertificate)
        /// A certificate that our CA signed and that is for no host.
        case unsuitable(LinkCertificateError)
    }

    /// The peer, read once per connection.
    let peer: Peer
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var nextID = 0
        var waiters: [Int: @Sendable () -> Void] = [:]
    }

    init(peer: Peer) {
        self.peer = peer
    }

    /// Runs `body` in a task that is cancelled when the connection closes or the server stops.
    func whileOpen<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await body() }
        let id = add { task.cancel() }
        defer { remove(id) }
        return try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await task.value
            } onGracefulShutdown: {
                task.cancel()
            }
        } onCancel: {
            task.cancel()
        }
    }

    /// The connection is gone; whatever waits for its sake ends.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter() }
    }

    private func add(_ waiter: @escaping @Sendable () -> Void) -> Int? {
        let id: Int? = state.withLock { state in
            if state.isClosed { return nil }
            state.nextID += 1
            state.waiters[state.nextID] = waiter
            return state.nextID
        }
        if id == nil { waiter() }
        return id
    }

    private func remove(_ id: Int?) {
        guard let id else { return }
        state.withLock { _ = $0.waiters.removeValue(forKey: id) }
    }
}
