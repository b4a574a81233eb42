import AgentProtocol
import AsyncHTTPClient
import LinkCertificates
import NIOCore
import NIOSSL

/// Makes HTTP clients that trust our CA and nothing else.
enum ClientTLS {
    /// TLS 1.3 that trusts the CA in `authorityPEM`, checks the server's name or address, and
    /// shows `identity` when there is one.
    static func verified(
        authorityPEM: String, identity: LinkIdentity?
    ) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.certificateVerification = .fullVerification
        tls.trustRoots = .certificates([
            try NIOSSLCertificate(bytes: Array(authorityPEM.utf8), format: .pem)
        ])
        if let identity {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
            tls.certificateChain = chain.map { .certificate($0) }
            tls.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem))
        }
        return tls
    }

    /// TLS 1.3 with nobody's word for who the server is. Only good for asking for the CA, which
    /// is then compared with a join token; nothing secret may be sent through it.
    static func unverified() -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv13
        tls.certificateVerification = .none
        return tls
    }

    static func client(_ tls: TLSConfiguration, _ limits: AgentClientLimits) -> HTTPClient {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: limits.connectTimeout, read: limits.silenceMax,
                write: limits.silenceMax))
        configuration.httpVersion = .http1Only
        // The agent repeats in its own time and must hear at once that the server is away.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = limits.idleConnectionMax
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            limits.connectionsMax
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }
}
