internal import Libvirt
internal import Logging

/// Follows events of libvirt over restarts of the daemon.
struct LibvirtWatch: Sendable {
    /// The wait before the first attempt to subscribe anew; it doubles with each failure.
    static let firstRetryDelay = Duration.milliseconds(200)
    /// The longest wait between attempts.
    static let lastRetryDelay = Duration.seconds(10)

    let session: LibvirtSession
    let clock: any Clock<Duration>
    let logger: Logger

    /// A stream of what `onEvent` makes of each event, and of `onConnectionChange` whenever events
    /// may have been missed. Ends when its reader does.
    ///
    /// - Parameter policy: what is dropped for a slow reader.
    func stream<Event: Sendable, Output: Sendable>(
        policy: AsyncStream<Output>.Continuation.BufferingPolicy, onConnectionChange: Output,
        subscribe:
            @escaping @Sendable (LibvirtConnection) async throws(LibvirtError)
            -> AsyncStream<Event>,
        onEvent: @escaping @Sendable (Event) -> Output?
    ) -> AsyncStream<Output> {
        let (outputs, reader) = AsyncStream.makeStream(of: Output.self, bufferingPolicy: policy)
        let watcher = Task {
            var delay = Self.firstRetryDelay
            while !Task.isCancelled {
                do throws(LibvirtError) {
                    let connection = try await session.connection()
                    let events = try await subscribing(connection, subscribe)
                    delay = Self.firstRetryDelay
                    reader.yield(onConnectionChange)
                    for await event in events {
                        if let output = onEvent(event) { reader.yield(output) }
                    }
                    guard !Task.isCancelled else { break }
                    if await !connection.isAlive() { await session.discard(connection) }
                    reader.yield(onConnectionChange)
                } catch {
                    logger.warning("not watching libvirt", metadata: ["reason": "\(error)"])
                }
                guard await pause(delay) else { break }
                delay = min(delay * 2, Self.lastRetryDelay)
            }
            reader.finish()
        }
        reader.onTermination = { _ in watcher.cancel() }
        return outputs
    }

    private func subscribing<Event: Sendable>(
        _ connection: LibvirtConnection,
        _ subscribe: (LibvirtConnection) async throws(LibvirtError) -> AsyncStream<Event>
    ) async throws(LibvirtError) -> AsyncStream<Event> {
        do throws(LibvirtError) {
            return try await subscribe(connection)
        } catch {
            if error.isConnectionGone { await session.discard(connection) }
            throw error
        }
    }

    /// False when the reader is gone.
    private func pause(_ delay: Duration) async -> Bool {
        do {
            try await clock.sleep(for: delay)
            return true
        } catch {
            return false
        }
    }
}
