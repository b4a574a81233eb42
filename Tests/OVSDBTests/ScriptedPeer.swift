import Foundation
import JSON
import NIOCore
import NIOPosix

@testable import OVSDB

/// A listener that does to a client what no well-behaved server does.
struct ScriptedPeer {
    /// What to do about a message.
    enum Reaction {
        case send(String)
        case disconnect
    }

    let address: OVSDBAddress
    /// What clients sent, in order.
    let received: AsyncStream<JSONValue>

    /// Runs the test with a peer that sends the greeting and then reacts to each message.
    static func run(
        greeting: String? = nil,
        reacting react: @escaping @Sendable (JSONValue) -> [Reaction] = { _ in [] },
        _ test: (ScriptedPeer) async throws -> Void
    ) async throws {
        let (received, recorder) = AsyncStream.makeStream(of: JSONValue.self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(JSONFrameDecoder(limitBytes: 1 << 20)),
                        PeerHandler(greeting: greeting, recorder: recorder, react: react))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        let peer = ScriptedPeer(
            address: .tcp(host: "127.0.0.1", port: port), received: received)
        do {
            try await test(peer)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    /// Reacts to a request by its method, with the id of the request in place of `ID`.
    static func replies(_ scripts: [String: String]) -> @Sendable (JSONValue) -> [Reaction] {
        { message in
            guard let method = message["method"]?.text, let script = scripts[method],
                case .integer(let id) = message["id"]
            else { return [] }
            return [.send(script.replacingOccurrences(of: "ID", with: "\(id)"))]
        }
    }
}

private final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let greeting: String?
    private let recorder: AsyncStream<JSONValue>.Continuation
    private let react: @Sendable (JSONValue) -> [ScriptedPeer.Reaction]

    init(
        greeting: String?, recorder: AsyncStream<JSONValue>.Continuation,
        react: @escaping @Sendable (JSONValue) -> [ScriptedPeer.Reaction]
    ) {
        self.greeting = greeting
        self.recorder = recorder
        self.react = react
    }

    func channelActive(context: ChannelHandlerContext) {
        if let greeting { send(greeting, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            let message = try JSONValue(
                message: Array(unwrapInboundIn(data).readableBytesView))
            recorder.yield(message)
            for reaction in react(message) {
                switch reaction {
                case .send(let text): send(text, context)
                case .disconnect: context.close(promise: nil)
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    private func send(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
