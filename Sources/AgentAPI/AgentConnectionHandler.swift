import LinkCertificates
import NIOCore
import NIOSSL

/// Sits in each connection's pipeline behind TLS: reads the peer's certificate once, and notices
/// when the peer goes away. Agents never close only half of a connection, so that counts as gone.
final class AgentConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private var known: AgentConnection?

    /// The connection's state; call it on the event loop, after the handshake.
    func connection(_ pipeline: ChannelPipeline) throws -> AgentConnection {
        if let known { return known }
        let certificate = try pipeline.syncOperations.nioSSL_peerCertificate()
        let fresh = AgentConnection(peer: try Self.peer(certificate))
        known = fresh
        return fresh
    }

    /// The state of the connection that `channel` is; from any thread. Throws when the channel
    /// is closed already.
    static func connection(of channel: any Channel) async throws -> AgentConnection {
        try await channel.eventLoop.submit {
            let handler = try channel.pipeline.syncOperations.handler(
                type: AgentConnectionHandler.self)
            return try handler.connection(channel.pipeline)
        }.get()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        known?.close()
        context.fireChannelInactive()
    }

    private static func peer(_ certificate: NIOSSLCertificate?) throws -> AgentConnection.Peer {
        guard let certificate else { return .anonymous }
        let der = try certificate.toDERBytes()
        do throws(LinkCertificateError) {
            let read = try LinkCertificate(der: der)
            return .host(try read.hostName, read)
        } catch {
            return .unsuitable(error)
        }
    }
}
