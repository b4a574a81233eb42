internal import CLibvirt
internal import Synchronization

/// An open connection to libvirt.
///
/// Every call runs on a thread of the connection, never on Swift's pool, and is bounded in time.
/// A connection that broke stays broken: its calls throw ``LibvirtError/connectionLost(_:)``, its
/// event streams end, and the owner opens another.
public final class LibvirtConnection: Sendable {
    /// Bounds on calls.
    public enum Limits {
        /// For a call unless told otherwise; QEMU's start with much memory takes tens of seconds.
        public static let callTimeout: Duration = .seconds(120)
        /// For opening a connection.
        public static let openTimeout: Duration = .seconds(15)
        /// Calls of one connection that run at the same time.
        public static let threadCount = 4
        /// Events held for a reader before its stream ends.
        public static let eventCountMax = 4096
        /// Keepalive messages to a silent libvirt: seconds between, and how many are missed.
        static let keepAlive: (intervalSeconds: Int32, count: UInt32) = (5, 4)
    }

    /// The URI that was opened, such as `qemu:///system`.
    public let uri: String
    private let callTimeout: Duration
    private let workers: BlockingWorkers
    /// nil once it is closed.
    private let handle: Mutex<Handle?>
    let registrations = EventRegistrations(eventCountMax: Limits.eventCountMax)

    /// libvirt's connections may be used by any thread at any time; this one is reference-counted
    /// by `virConnectRef`.
    // @unchecked: a pointer is not Sendable by itself, what it points to is thread-safe.
    private struct Handle: @unchecked Sendable {
        let pointer: virConnectPtr
    }

    /// Opens a connection; `callTimeout` bounds each later call, and `openTimeout` this one.
    ///
    /// Throws ``LibvirtError/cannotConnect(_:)``, or
    /// ``LibvirtError/timedOut(operation:object:limit:)`` if libvirt hangs.
    public static func open(
        uri: String, openTimeout: Duration = Limits.openTimeout,
        callTimeout: Duration = Limits.callTimeout
    ) async throws(LibvirtError) -> LibvirtConnection {
        let workers = BlockingWorkers(name: "libvirt", count: Limits.threadCount)
        let handle = try await workers.run(
            operation: "connect to", object: uri, timeout: openTimeout,
            discard: { (late: Handle) in virConnectClose(late.pointer) },
            body: { connect(uri) })
        let connection = LibvirtConnection(
            uri: uri, handle: handle, workers: workers, callTimeout: callTimeout)
        connection.registrations.watchForLoss(handle.pointer)
        return connection
    }

    private static func connect(_ uri: String) -> Result<Handle, LibvirtError> {
        guard EventLoop.isRunning, let pointer = virConnectOpen(uri) else {
            let failure = LibvirtFailure.last(operation: "connect to", object: uri)
            return .failure(.cannotConnect(failure))
        }
        // Local drivers have no keepalive: their answer is of no interest.
        _ = virConnectSetKeepAlive(
            pointer, Limits.keepAlive.intervalSeconds, Limits.keepAlive.count)
        return .success(Handle(pointer: pointer))
    }

    private init(uri: String, handle: Handle, workers: BlockingWorkers, callTimeout: Duration) {
        self.uri = uri
        self.callTimeout = callTimeout
        self.workers = workers
        self.handle = Mutex(handle)
    }

    deinit { beginClosing {} }

    /// Ends all event streams and closes the connection. May be called more than once; calls that
    /// are under way end first, for which this waits the call timeout at most.
    public func close() async {
        let (closed, continuation) = AsyncStream.makeStream(of: Never.self)
        guard beginClosing({ continuation.finish() }) else { return }
        let timer = Task { [callTimeout] in
            do { try await Task.sleep(for: callTimeout) } catch { return }
            continuation.finish()
        }
        for await _ in closed {}
        timer.cancel()
    }

    /// Whether libvirt still answers on this connection, as far as is known without asking it.
    public func isAlive() async -> Bool {
        do {
            return try await call("test connection", uri) { virConnectIsAlive($0.connection) == 1 }
        } catch {
            return false
        }
    }

    /// Runs `body` on a thread of the connection with a reference of its own.
    func call<Value: Sendable>(
        _ operation: String, _ object: String,
        _ body: @escaping @Sendable (LibvirtCall) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        try await workers.run(operation: operation, object: object, timeout: callTimeout) {
            guard let handle = self.retainedHandle() else {
                return .failure(.closed(operation: operation, object: object))
            }
            defer { virConnectClose(handle.pointer) }
            let call = LibvirtCall(
                operation: operation, object: object, connection: handle.pointer)
            do throws(LibvirtError) {
                return .success(try body(call))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Under the lock, so that closing can't free the connection in between.
    private func retainedHandle() -> Handle? {
        handle.withLock {
            guard let handle = $0, virConnectRef(handle.pointer) == 0 else { return nil }
            return handle
        }
    }

    /// Takes the handle out, so that no call begins any more, and closes it on a thread. False
    /// if the connection was closed before.
    @discardableResult
    private func beginClosing(_ done: @escaping @Sendable () -> Void) -> Bool {
        let taken = handle.withLock { handle in
            let taken = handle
            handle = nil
            return taken
        }
        guard let taken else { return false }
        registrations.finish()
        workers.enqueue { [registrations] in
            registrations.close(taken.pointer)
            virConnectClose(taken.pointer)
            done()
        }
        workers.stop()
        return true
    }
}
