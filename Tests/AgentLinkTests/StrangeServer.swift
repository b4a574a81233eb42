import AgentClient
import LinkCertificates
import NIOCore
import NIOPosix
import NIOSSL
import Testing

extension LinkFixture {
    /// A TLS server of our CA that answers the same bytes to whatever it is asked, for the length
    /// of `body`. Without an answer it takes the socket away at the first request, with no word
    /// in TLS, as a kill does.
    func answering(
        _ answer: String?, _ body: (ServerEndpoint) async throws -> Void
    ) async throws {
        let certificate = try NIOSSLCertificate(
            bytes: Array(identity.certificatePEM.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem)
        let tls = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        BelowTLS(), NIOSSLServerHandler(context: tls), SameAnswer(answer),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let outcome = await Result(catchingAsync: {
            try await body(ServerEndpoint(host: "127.0.0.1", port: port))
        })
        try await listener.close()
        try outcome.get()
    }
}

/// Marks the place in the pipeline from which closing goes straight to the socket.
private final class BelowTLS: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
}

/// Answers once, at the first bytes that come, or dies.
private final class SameAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String?
    private var isDone = false

    init(_ answer: String?) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        isDone = true
        if let answer {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            return
        }
        do {
            let socket = try context.pipeline.syncOperations.context(handlerType: BelowTLS.self)
            socket.close(promise: nil)
        } catch {
            Issue.record("the pipeline has no place below TLS: \(error)")
        }
    }
}
