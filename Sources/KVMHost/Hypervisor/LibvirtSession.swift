internal import Libvirt
internal import Logging

/// One connection to libvirt that is opened when it is needed and opened anew when it broke.
actor LibvirtSession {
    let uri: String
    private let logger: Logger
    private var current: LibvirtConnection?
    private var opening: Task<Result<LibvirtConnection, LibvirtError>, Never>?

    init(uri: String, logger: Logger) {
        self.uri = uri
        self.logger = logger
    }

    /// The connection, opened if there is none. Callers that come at the same time share one
    /// attempt, which is bounded by libvirt's open timeout.
    func connection() async throws(LibvirtError) -> LibvirtConnection {
        if let current { return current }
        if let opening { return try await opening.value.get() }
        let uri = uri
        let attempt = Task { () -> Result<LibvirtConnection, LibvirtError> in
            do throws(LibvirtError) {
                return .success(try await LibvirtConnection.open(uri: uri))
            } catch {
                return .failure(error)
            }
        }
        opening = attempt
        let result = await attempt.value
        opening = nil
        let connection = try result.get()
        current = connection
        logger.info("connected to libvirt", metadata: ["uri": "\(uri)"])
        return connection
    }

    /// Forgets a connection that broke, which closes it when the calls under way have ended;
    /// another one that was opened meanwhile stays.
    func discard(_ connection: LibvirtConnection) {
        guard current === connection else { return }
        current = nil
        logger.warning("the connection to libvirt is lost", metadata: ["uri": "\(uri)"])
    }

    private func isOpen() -> Bool { current != nil }

    /// Runs `body`, which must be safe to repeat: when the connection turns out to have broken
    /// while nobody used it, it runs once more on a new one.
    nonisolated func run<Value: Sendable>(
        _ body: (LibvirtConnection) async throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let wasOpen = await isOpen()
        do throws(LibvirtError) {
            return try await attempt(body)
        } catch {
            guard wasOpen, error.isConnectionGone else { throw error }
            return try await attempt(body)
        }
    }

    /// Runs `body` once on a connection of its own, for calls that take minutes: on the shared one
    /// they would take threads of it, and libvirtd answers only five requests of a connection at
    /// a time (`max_client_requests`).
    nonisolated func runAlone<Value: Sendable>(
        callTimeout: Duration,
        _ body: (LibvirtConnection) async throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let connection = try await LibvirtConnection.open(uri: uri, callTimeout: callTimeout)
        do throws(LibvirtError) {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            // After a time-out its thread hangs in libvirt; the connection closes with it.
            if case .timedOut = error { throw error }
            await connection.close()
            throw error
        }
    }

    private nonisolated func attempt<Value: Sendable>(
        _ body: (LibvirtConnection) async throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        let connection = try await connection()
        do throws(LibvirtError) {
            return try await body(connection)
        } catch {
            if error.isConnectionGone { await discard(connection) }
            throw error
        }
    }
}

extension LibvirtError {
    /// Whether only another connection can help.
    var isConnectionGone: Bool {
        switch self {
        case .connectionLost, .closed: true
        default: false
        }
    }
}
