import NIOCore
import Synchronization

/// An image's bytes as the body of a request.
struct ImageUpload: AsyncSequence, Sendable {
    /// What gives the bytes failed: nobody on the other side is to blame.
    struct SourceFailure: Error {
        let cause: any Error
    }

    let source: ImageSource
    /// The loops among which the request's connection has its own.
    let loops: any EventLoopGroup

    struct AsyncIterator: AsyncIteratorProtocol {
        let source: ImageSource
        let loops: any EventLoopGroup

        /// The client waits while the connection is full, but it learns of that from the event
        /// loop: without the visit there, chunks would pile up for as long as the loop is busy.
        func next() async throws -> ByteBuffer? {
            for loop in loops.makeIterator() { try await loop.submit {}.get() }
            do {
                return try await source.next().map { ByteBuffer(bytes: $0) }
            } catch {
                throw SourceFailure(cause: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source, loops: loops) }
}

/// Gives chunks to the HTTP client, which asks for them in a task of its own: that neither ends
/// with the request nor with the caller. After `close` nothing is read any more.
final class ImageSource: Sendable {
    private struct State {
        var isClosed = false
        var reading: Task<[UInt8]?, any Error>?
        var bytesGiven: Int64 = 0
        var hasEnded = false
    }
    private let state = Mutex(State())
    private let read: @Sendable () async throws -> [UInt8]?

    init(_ read: @escaping @Sendable () async throws -> [UInt8]?) { self.read = read }

    /// The next chunk; nil at the end. Throws `CancellationError` once it is closed.
    func next() async throws -> [UInt8]? {
        let reading = try state.withLock { state in
            guard !state.isClosed else { throw CancellationError() }
            let task = Task { try await self.readNext() }
            state.reading = task
            return task
        }
        return try await reading.value
    }

    private func readNext() async throws -> [UInt8]? {
        let chunk = try await read()
        state.withLock { state in
            state.bytesGiven += Int64(chunk?.count ?? 0)
            if chunk == nil { state.hasEnded = true }
        }
        return chunk
    }

    /// Whether it had exactly so many bytes: the other side answers when it has as many as were
    /// announced, which may be before it is known here that there are more.
    func hasExactly(_ sizeBytes: Int64) async throws -> Bool {
        let reading = state.withLock { $0.reading }
        _ = try await reading?.value
        let (given, hasEnded) = state.withLock { ($0.bytesGiven, $0.hasEnded) }
        guard given == sizeBytes else { return false }
        if hasEnded { return true }
        return try await readNext() == nil
    }

    /// Cancels what is being read, and waits until nothing is.
    func close() async {
        let reading = state.withLock { state in
            state.isClosed = true
            return state.reading
        }
        reading?.cancel()
        _ = await reading?.result
    }
}
