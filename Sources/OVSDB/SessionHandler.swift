import JSON
import NIOCore

/// Turns the frames of a channel into events of its session.
final class SessionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let session: Session

    init(session: Session) {
        self.session = session
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(OVSDBError) {
            let json = try JSONValue(message: Array(unwrapInboundIn(data).readableBytesView))
            guard let answer = try session.receive(try RPCMessage(json: json)) else { return }
            let bytes = try answer.json.serialized()
            // A failed write ends the channel, which is reported by channelInactive.
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        } catch {
            fail(context, error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        session.end(.connectionLost(address: session.address, reason: "the server closed it"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let reason =
            error as? OVSDBError
            ?? .connectionLost(address: session.address, reason: "\(error)")
        fail(context, reason)
    }

    /// After an error nothing that follows in the stream can be trusted.
    private func fail(_ context: ChannelHandlerContext, _ error: OVSDBError) {
        session.end(error)
        context.close(promise: nil)
    }
}
