import AgentProtocol
import ComputeModel
import Hummingbird
import HummingbirdCore
import NIOCore

/// The body of a request as an image's bytes, for the link, which pulls.
struct ImageReceiving: Sendable {
    let link: any ControlPlaneLink
    let image: ImageID
    /// Most bytes that are taken.
    let limit: Int64

    /// Hands the body to the link. Its size must be announced; HTTP sees that it is kept.
    func receive(_ request: Request) async throws -> Response {
        guard let text = request.headers[.contentLength], let sizeBytes = Int64(text) else {
            throw AgentFault.malformed("an image needs a content-length")
        }
        guard sizeBytes <= limit else { throw AgentFault.tooLarge(Int(clamping: limit)) }
        let input = Input(request.body, sizeBytes: sizeBytes)
        try await link.storeImage(image, sizeBytes: sizeBytes) { try await input.next() }
        return Response(status: .noContent)
    }

    /// Hands the body's iterator into the link's closure.
    ///
    /// `@unchecked Sendable`: the contract's chunks are asked for one after the other, and none
    /// after the call has ended, so nothing uses the iterator at the same time.
    private final class Input: @unchecked Sendable {
        private var iterator: RequestBody.AsyncIterator
        private var rest = ByteBuffer()
        private var missingBytes: Int64

        init(_ body: RequestBody, sizeBytes: Int64) {
            iterator = body.makeAsyncIterator()
            missingBytes = sizeBytes
        }

        /// A body that is broken off is an error, whatever HTTP makes of it.
        func next() async throws -> [UInt8]? {
            while rest.readableBytes == 0 {
                guard let part = try await iterator.next() else {
                    guard missingBytes <= 0 else {
                        throw AgentLinkError.unreachable("the host broke the image off")
                    }
                    return nil
                }
                rest = part
                missingBytes -= Int64(part.readableBytes)
            }
            return rest.readBytes(length: min(rest.readableBytes, AgentWire.imageChunkBytesMax))
        }
    }
}
