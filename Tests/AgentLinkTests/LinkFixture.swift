import AgentAPI
import AgentClient
import AgentProtocol
import Foundation
import Hummingbird
import LinkCertificates
import Logging
import ServiceLifecycle
import Testing

/// A control plane with its CA, and hosts that joined it, for one test. The server really listens,
/// on a port that the system chooses.
struct LinkFixture: Sendable {
    let authority: LinkAuthority
    let script = ScriptedLink.Script()
    let ledger = MemoryJoinTokenLedger()
    let folder: String
    var limits = AgentAPILimits()
    /// What the server presents; by default good for 127.0.0.1.
    var identity: LinkIdentity
    /// The server's clock.
    var serverNow: @Sendable () -> Date = { Date() }
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        authority = try LinkAuthority(createdAt: Date())
        identity = try authority.issueServerIdentity(
            names: ["control.example"], addresses: ["127.0.0.1"], at: Date())
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-link-" + UUID().uuidString).path
    }

    /// What a host called `name` presents when `authority` (by default the server's) let it in.
    func credentials(
        _ name: String, from other: LinkAuthority? = nil
    ) throws -> HostCredentials {
        let signer = other ?? authority
        let store = CertificateStore(directory: folder + "/" + UUID().uuidString)
        let request = try HostSigningRequest(pem: try store.makeSigningRequest(hostName: name))
        let pem = try signer.issueHostCertificate(request, hostName: name, at: Date())
        try store.save(
            certificatePEM: pem, authorityPEM: signer.certificatePEM, hostName: name, at: Date())
        return try #require(try store.load())
    }

    /// The same key and certificate, trusting the server's CA whoever signed them.
    func trustingServer(_ credentials: HostCredentials) -> HostCredentials {
        HostCredentials(
            hostName: credentials.hostName, authorityPEM: authority.certificatePEM,
            endsAt: credentials.endsAt, identity: credentials.identity)
    }

    /// A token for `host`, granted in the ledger.
    func grant(_ host: String, expiresAt: Date = .distantFuture) async throws -> JoinToken {
        var generator = SystemRandomNumberGenerator()
        let token = JoinToken(authorityFingerprint: try authority.fingerprint, using: &generator)
        await ledger.add(try JoinGrant(token: token, hostName: host, expiresAt: expiresAt))
        return token
    }

    /// Serves while `body` runs, and removes the hosts' folders afterwards.
    func serving(
        _ body: (ServerEndpoint, RunningServer) async throws -> Void
    ) async throws {
        defer {
            // Only tests in which a host has files make the folder.
            do { try FileManager.default.removeItem(atPath: folder) } catch { _ = error }
        }
        let script = script
        let api = AgentAPI(
            authority: authority, identity: identity, ledger: ledger, limits: limits,
            logger: logger, now: serverNow
        ) { host in ScriptedLink(host: host, script: script) }
        let (ports, source) = AsyncStream<Int>.makeStream()
        let app = try api.application(host: "127.0.0.1", port: 0) { source.yield($0) }
        let services = ServiceGroup(
            configuration: .init(services: [app], logger: logger))
        let running = Task {
            defer { source.finish() }
            try await services.run()
        }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let endpoint = ServerEndpoint(host: "127.0.0.1", port: port)
        let outcome = await Result(catchingAsync: {
            try await body(endpoint, RunningServer(services: services, task: running))
        })
        running.cancel()
        _ = await running.result
        try outcome.get()
    }

    /// Opens a link for the length of `body`.
    func linked(
        _ endpoint: ServerEndpoint, _ credentials: HostCredentials,
        limits: AgentClientLimits = AgentClientLimits(),
        _ body: (HTTPControlPlaneLink) async throws -> Void
    ) async throws {
        let link = try HTTPControlPlaneLink(
            endpoint: endpoint, credentials: credentials, limits: limits)
        let outcome = await Result(catchingAsync: { try await body(link) })
        try await link.shutdown()
        try outcome.get()
    }
}

/// A server that a test may stop in the orderly way.
struct RunningServer: Sendable {
    let services: ServiceGroup
    let task: Task<Void, any Error>
}

extension Result where Failure == any Error {
    init(catchingAsync body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// The kind of error that `body` throws, as a word; "none" when it throws nothing.
func linkFailure(_ body: () async throws(AgentLinkError) -> Void) async -> String {
    do throws(AgentLinkError) {
        try await body()
        return "none"
    } catch {
        return switch error {
        case .unreachable: "unreachable"
        case .refused: "refused"
        case .garbled: "garbled"
        case .receiverFailed: "receiverFailed"
        }
    }
}

let greeting = AgentHello(
    protocolVersion: agentProtocolVersion, agentVersion: "1", hostName: "host-a", zone: "east")
