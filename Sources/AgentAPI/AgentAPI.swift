public import AgentProtocol
public import Foundation
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import LinkCertificates
public import Logging
import NIOCore
import NIOSSL

/// The server's end of the link to agents: an HTTPS listener of its own (TLS 1.3). Who has no
/// certificate of our CA may join and nothing else; who has one is the host that it names.
public struct AgentAPI: Sendable {
    /// Gives the control plane's end of the link for the host of that name.
    public typealias LinkOpening = @Sendable (_ hostName: String) -> any ControlPlaneLink

    let authority: LinkAuthority
    let identity: LinkIdentity
    let ledger: any JoinTokenLedger
    let limits: AgentAPILimits
    let now: @Sendable () -> Date
    let logger: Logger
    let link: LinkOpening

    /// An API that signs with `authority`, presents `identity` (see
    /// `LinkAuthority.issueServerIdentity`), lets hosts join by the grants in `ledger`, and hands
    /// each request to `link`.
    public init(
        authority: LinkAuthority, identity: LinkIdentity, ledger: any JoinTokenLedger,
        limits: AgentAPILimits = AgentAPILimits(), logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }, link: @escaping LinkOpening
    ) {
        self.authority = authority
        self.identity = identity
        self.ledger = ledger
        self.limits = limits
        self.logger = logger
        self.now = now
        self.link = link
    }

    /// The listener on `host` and `port` (0 lets the system choose), to be run as a service.
    /// `onRunning` hears the port once connections are accepted.
    ///
    /// Throws when the certificate or key can't be used for TLS.
    public func application(
        host: String, port: Int, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        Application(
            router: router(),
            server: try .tls(http(), tlsConfiguration: try tlsConfiguration()),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil, backlog: limits.backlog,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connectionsMax, logger: logger)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
    }

    private func http() -> HTTPServerBuilder {
        .http1(
            configuration: .init(
                additionalChannelHandlers: [AgentConnectionHandler()],
                idleTimeout: TimeAmount(limits.idleTimeout),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytesMax,
                    maxHeaderListSize: limits.headerBytesMax,
                    maxHeaderFieldCount: limits.headersMax)))
    }

    private func tlsConfiguration() throws -> TLSConfiguration {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem)
        let root = try NIOSSLCertificate(
            bytes: Array(authority.certificatePEM.utf8), format: .pem)
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv13
        tls.trustRoots = .certificates([root])
        // A certificate that is shown must be ours; hosts that join have none to show.
        tls.certificateVerification = .optionalVerification
        return tls
    }
}
