import AgentProtocol
import ComputeModel
import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization

/// An image's bytes as a response. The link pushes; the response must have a status before the
/// first byte. So the first chunk is asked for once and thrown away, to learn whether there is
/// anything to send; then the stream begins from the start.
struct ImageStreaming: Sendable {
    let link: any ControlPlaneLink
    let image: ImageID
    let channel: any Channel

    private struct FirstChunkSeen: Error {}

    /// A streamed response. Throws the link's error when the image can't be had. A failure later
    /// breaks the connection off, so that the receiver can't take a part for the whole.
    func response() async throws -> Response {
        try await probe()
        let body = ResponseBody { [link, image, channel] writer in
            let output = Output(writer, channel)
            try await link.fetchImage(image) { chunk in try await output.write(chunk) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
    }

    private func probe() async throws {
        let seen = Mutex(false)
        do throws(AgentLinkError) {
            try await link.fetchImage(image) { _ in
                seen.withLock { $0 = true }
                throw FirstChunkSeen()
            }
        } catch {
            guard seen.withLock({ $0 }) else { throw error }
        }
    }

    /// Hands the writer into the link's closure.
    ///
    /// `@unchecked Sendable`: the contract's chunks come in order, each after the one before was
    /// taken, and none after the fetch has ended, so nothing uses the writer at the same time.
    private final class Output: @unchecked Sendable {
        private var writer: any ResponseBodyWriter

        private let channel: any Channel

        init(_ writer: any ResponseBodyWriter, _ channel: any Channel) {
            self.writer = writer
            self.channel = channel
        }

        /// Returns when the connection has taken the chunk. The writer waits while the connection
        /// is full, but it learns of that from the event loop: without the visit there, chunks
        /// would pile up for as long as the loop is busy.
        func write(_ chunk: [UInt8]) async throws {
            try await writer.write(ByteBuffer(bytes: chunk))
            try await channel.eventLoop.submit {}.get()
        }
    }
}
