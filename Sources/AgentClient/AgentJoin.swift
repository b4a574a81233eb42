public import AgentProtocol
import AsyncHTTPClient
public import Foundation
public import LinkCertificates
import NIOSSL

/// Why a host could not join or renew.
public enum AgentJoinError: Error, Sendable, CustomStringConvertible {
    /// What answers is not the control plane that the token is for; the token was not shown.
    case wrongControlPlane(String)
    /// The server can't be reached, refused, or answered nonsense.
    case link(AgentLinkError)
    /// The host's own files or the server's certificate won't do.
    case certificate(LinkCertificateError)

    /// One sentence for operators.
    public var description: String {
        switch self {
        case .wrongControlPlane(let why): why
        case .link(let error): error.description
        case .certificate(let error): error.description
        }
    }
}

/// How a host gets its certificates.
public struct AgentJoin: Sendable {
    private let endpoint: ServerEndpoint
    private let store: CertificateStore
    private let limits: AgentClientLimits
    private let now: @Sendable () -> Date

    /// Joins at the server at `endpoint` and keeps what it gives in `store`.
    public init(
        endpoint: ServerEndpoint, store: CertificateStore,
        limits: AgentClientLimits = AgentClientLimits(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.endpoint = endpoint
        self.store = store
        var limits = limits
        limits.replyBytesMax = limits.smallReplyBytesMax
        self.limits = limits
        self.now = now
    }

    /// Joins as `hostName` with a join token. The server's CA is asked for first and compared
    /// with the token; only then is the token sent, through TLS that trusts that CA alone.
    public func join(
        hostName: String, token text: String
    ) async throws(AgentJoinError) -> HostCredentials {
        let (token, csr) = try local { () throws(LinkCertificateError) in
            (try JoinToken(parsing: text), try store.makeSigningRequest(hostName: hostName))
        }
        let authority = try await fetchAuthority(token)
        let reply = try await send(JoinRequest(csr: csr, token: token.text), trusting: authority)
        return try keep(reply.certificate, authority, hostName)
    }

    /// Gets the next certificate when the present one is due, through `link`; nil when it isn't.
    /// The caller opens a new link with what comes back.
    public func renewIfDue(
        _ credentials: HostCredentials, link: HTTPControlPlaneLink
    ) async throws(AgentJoinError) -> HostCredentials? {
        guard credentials.isRenewalDue(at: now()) else { return nil }
        let csr = try local { () throws(LinkCertificateError) in
            try store.makeSigningRequest(hostName: credentials.hostName)
        }
        let reply: JoinReply
        do throws(AgentLinkError) {
            reply = try await link.renewCertificate(csr: csr)
        } catch {
            throw .link(error)
        }
        return try keep(reply.certificate, credentials.authorityPEM, credentials.hostName)
    }

    private func fetchAuthority(_ token: JoinToken) async throws(AgentJoinError) -> String {
        let found = try await calling(ClientTLS.unverified()) { calls throws(AgentLinkError) in
            try await calls.get(
                AgentRoute.authority, within: limits.callTimeout, as: AuthorityReply.self)
        }
        let matches = try local { () throws(LinkCertificateError) in
            try token.names(try LinkCertificate(pem: found.ca))
        }
        guard matches else {
            throw .wrongControlPlane(
                "the CA of the server at \(endpoint) is not the one in the join token; the token"
                    + " was not sent. Check the address, or whether somebody is in between")
        }
        return found.ca
    }

    private func send(
        _ request: JoinRequest, trusting authority: String
    ) async throws(AgentJoinError) -> JoinReply {
        let tls: TLSConfiguration
        do {
            tls = try ClientTLS.verified(authorityPEM: authority, identity: nil)
        } catch {
            throw .certificate(.unreadable("the server's CA can't be used for TLS: \(error)"))
        }
        return try await calling(tls) { calls throws(AgentLinkError) in
            try await calls.post(AgentRoute.join, request, as: JoinReply.self)
        }
    }

    /// Stores what came; the CA is the one that was compared, whatever the reply says.
    private func keep(
        _ certificate: String, _ authority: String, _ hostName: String
    ) throws(AgentJoinError) -> HostCredentials {
        let stored = try local { () throws(LinkCertificateError) in
            try store.save(
                certificatePEM: certificate, authorityPEM: authority, hostName: hostName,
                at: now())
            return try store.load()
        }
        guard let stored else {
            throw .certificate(.fileFailed("the certificate just stored is gone"))
        }
        return stored
    }

    /// Runs `body` with a client that is closed afterwards, whatever happens.
    private func calling<Reply: Sendable>(
        _ tls: TLSConfiguration,
        _ body: (AgentCalls) async throws(AgentLinkError) -> Reply
    ) async throws(AgentJoinError) -> Reply {
        let http = ClientTLS.client(tls, limits)
        let calls = AgentCalls(http: http, endpoint: endpoint, limits: limits)
        let outcome: Result<Reply, AgentLinkError>
        do throws(AgentLinkError) {
            outcome = .success(try await body(calls))
        } catch {
            outcome = .failure(error)
        }
        do {
            try await http.shutdown()
        } catch {
            throw .link(.unreachable("closing the connection to \(endpoint) failed: \(error)"))
        }
        do throws(AgentLinkError) {
            return try outcome.get()
        } catch {
            throw .link(error)
        }
    }

    private func local<Value>(
        _ body: () throws(LinkCertificateError) -> Value
    ) throws(AgentJoinError) -> Value {
        do throws(LinkCertificateError) {
            return try body()
        } catch {
            throw .certificate(error)
        }
    }
}
