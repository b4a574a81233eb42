import JSON
import NIOCore
import NIOPosix

/// A connection to an OVSDB server (RFC 7047, and `monitor_cond` of ovsdb-server(7)).
///
/// Calls may be made from any number of tasks at once. The server's `echo` requests are answered
/// without any call. A connection that ended stays ended: connect anew.
public final class OVSDBConnection: Sendable {
    /// The longest message taken from a server; the databases of one host are far smaller.
    public static let maximumMessageBytes = 64 * 1024 * 1024
    /// How long to wait for a connection when the caller doesn't say.
    public static let defaultConnectTimeout = Duration.seconds(5)
    /// How long to wait for an answer when the caller doesn't say.
    public static let defaultCallTimeout = Duration.seconds(10)
    /// How many updates of a monitor may be left unread before it ends, unless it says so.
    public static let maximumUnreadUpdates = 10_000

    /// Where the database listens.
    public let address: OVSDBAddress
    private let channel: any Channel
    private let session: Session

    private init(channel: any Channel, session: Session) {
        address = session.address
        self.channel = channel
        self.session = session
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Connects to a server.
    ///
    /// - Throws: ``OVSDBError/connectFailed(address:reason:)``.
    public static func connect(
        to address: OVSDBAddress, timeout: Duration = defaultConnectTimeout,
        maximumMessageBytes: Int = maximumMessageBytes
    ) async throws(OVSDBError) -> OVSDBConnection {
        let session = Session(address: address)
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = JSONFrameDecoder(limitBytes: maximumMessageBytes)
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(decoder), SessionHandler(session: session))
                }
            }
        do {
            let channel =
                switch address {
                case .unix(let path):
                    try await bootstrap.connect(unixDomainSocketPath: path).get()
                case .tcp(let host, let port):
                    try await bootstrap.connect(host: host, port: port).get()
                }
            return OVSDBConnection(channel: channel, session: session)
        } catch {
            throw .connectFailed(address: address, reason: "\(error)")
        }
    }

    /// Whether calls can be made; `false` as soon as either side has ended the connection.
    public var isOpen: Bool { session.ending == nil }

    /// Ends the connection; calls in flight fail with ``OVSDBError/connectionClosed(address:)``.
    /// Returns when the socket is closed. Closing again does nothing.
    public func close() async {
        session.end(.connectionClosed(address: address))
        channel.close(promise: nil)
        do {
            try await channel.closeFuture.get()
        } catch {
            // The socket is gone either way, and there is nobody left to tell.
        }
    }

    /// Calls a method and returns its `result`.
    ///
    /// - Throws: ``OVSDBError`` when the connection ends, the time is up, the task is cancelled or
    ///   the server answers with an error.
    public func call(
        _ method: String, _ parameters: [JSONValue], timeout: Duration = defaultCallTimeout
    ) async throws(OVSDBError) -> JSONValue {
        let number = session.takeNumber()
        let request = RPCMessage.request(
            method: method, parameters: parameters, id: .integer(number))
        let bytes = try request.json.serialized()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Session.Waiter(method: method, continuation: continuation)
                send(bytes, number: number, waiter: waiter, timeout: timeout)
            }
        } onCancel: {
            session.settle(number, .failure(.callCancelled(method: method)))
        }
        return try outcome.get()
    }

    private func send(
        _ bytes: [UInt8], number: Int64, waiter: Session.Waiter, timeout: Duration
    ) {
        guard session.register(waiter, as: number) else { return }
        // A cancellation before the registration found nobody to tell; one after it does.
        guard !Task.isCancelled else {
            session.settle(number, .failure(.callCancelled(method: waiter.method)))
            return
        }
        let timer = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { [session] in
            let error = OVSDBError.callTimedOut(method: waiter.method, timeout: timeout)
            session.settle(number, .failure(error))
        }
        session.attach(timer, to: number)
        // A failed write ends the channel, which fails all calls in flight.
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }
}

extension OVSDBConnection {
    /// Starts watching tables of a database. The monitor lives no longer than the connection.
    ///
    /// - Parameter maximumUnreadUpdates: With more left unread the monitor ends with
    ///   ``OVSDBError/monitorOverrun(limit:)``.
    /// - Throws: ``OVSDBError``, as ``call(_:_:timeout:)``.
    public func monitor(
        _ database: String, _ requests: [OVSDBMonitorRequest],
        maximumUnreadUpdates: Int = maximumUnreadUpdates,
        timeout: Duration = defaultCallTimeout
    ) async throws(OVSDBError) -> OVSDBMonitor {
        let name = "monitor-\(session.takeNumber())"
        let (updates, reader) = AsyncThrowingStream.makeStream(
            of: OVSDBTableUpdates.self,
            bufferingPolicy: .bufferingOldest(maximumUnreadUpdates))
        // Prepared before the call: updates may follow on the heels of the answer, even too many.
        reader.onTermination = { [session, channel] _ in
            Self.cancel(name, session: session, channel: channel)
        }
        try session.subscribe(
            Session.Reader(updates: reader, limit: maximumUnreadUpdates), to: name)
        let tables = Dictionary(grouping: requests, by: \.table).map { table, requests in
            JSONValue.Member(table, .array(requests.map(\.json)))
        }
        let parameters: [JSONValue] = [.string(database), .string(name), .object(tables)]
        do throws(OVSDBError) {
            let answer = try await call("monitor_cond", parameters, timeout: timeout)
            let initial = try OVSDBRowUpdate.tables(json: answer)
            return OVSDBMonitor(initial: initial, updates: updates)
        } catch {
            reader.finish()
            throw error
        }
    }

    /// Tells the server that nobody reads the monitor any more; its answer doesn't matter. Called
    /// once for each monitor, however its stream ends.
    private static func cancel(_ monitor: String, session: Session, channel: any Channel) {
        session.unsubscribe(from: monitor)
        guard session.ending == nil else { return }
        let request = RPCMessage.request(
            method: "monitor_cancel", parameters: [.string(monitor)],
            id: .integer(session.takeNumber()))
        do throws(OVSDBError) {
            let bytes = try request.json.serialized()
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        } catch {
            session.end(error)
            channel.close(promise: nil)
        }
    }
}
