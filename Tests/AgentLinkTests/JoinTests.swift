import AgentAPI
import AgentClient
import AgentProtocol
import Foundation
import LinkCertificates
import Logging
import NIOHTTP1
import Synchronization
import Testing

@Suite struct JoinTests {
    @Test func hostJoinsAndSpeaks() async throws {
        let fixture = try LinkFixture()
        let token = try await fixture.grant("host-a")
        try await fixture.serving { endpoint, _ in
            let store = CertificateStore(directory: fixture.folder + "/new")
            let credentials = try await AgentJoin(endpoint: endpoint, store: store)
                .join(hostName: "host-a", token: token.text)
            #expect(credentials.hostName == "host-a")
            #expect(credentials.authorityPEM == fixture.authority.certificatePEM)
            let stored = try #require(try store.load())
            try await fixture.linked(endpoint, stored) { link in
                _ = try await link.hello(greeting)
            }
        }
        #expect(fixture.script.hosts == ["host-a"])
    }

    @Test func tokenWorksOnce() async throws {
        let fixture = try LinkFixture()
        let token = try await fixture.grant("host-a")
        try await fixture.serving { endpoint, _ in
            _ = try await join(fixture, endpoint, "host-a", token.text)
            #expect(
                await refusal(fixture, endpoint, "host-a", token.text)
                    .contains("not known or was used before"))
        }
    }

    @Test func tokenOfAnotherHostOrTooOldIsRefused() async throws {
        let fixture = try LinkFixture()
        let old = try await fixture.grant("host-a", expiresAt: Date() - 1)
        let others = try await fixture.grant("host-b")
        try await fixture.serving { endpoint, _ in
            #expect(await refusal(fixture, endpoint, "host-a", old.text).contains("expired"))
            #expect(
                await refusal(fixture, endpoint, "host-a", others.text)
                    .contains("is for host 'host-b'"))
        }
    }

    @Test func tokenNobodyGrantedIsRefused() async throws {
        let fixture = try LinkFixture()
        var generator = SystemRandomNumberGenerator()
        let token = JoinToken(
            authorityFingerprint: try fixture.authority.fingerprint, using: &generator)
        try await fixture.serving { endpoint, _ in
            #expect(await refusal(fixture, endpoint, "host-a", token.text).contains("not known"))
        }
    }

    @Test func tokenIsNotShownToAnotherControlPlane() async throws {
        var fixture = try LinkFixture()
        let log = RecordedLog()
        fixture.logger = Logger(label: "test") { _ in log }
        let other = try LinkAuthority(createdAt: Date())
        var generator = SystemRandomNumberGenerator()
        let token = JoinToken(authorityFingerprint: try other.fingerprint, using: &generator)
        try await fixture.serving { [fixture] endpoint, _ in
            await #expect(throws: AgentJoinError.self) {
                try await join(fixture, endpoint, "host-a", token.text)
            }
            #expect(log.count(of: "a host got no certificate") == 0)

            // The same token pushed at the server by hand leaves its trace, so the log would
            // have shown it.
            let csr = try CertificateStore(directory: fixture.folder + "/by-hand")
                .makeSigningRequest(hostName: "host-a")
            let body = try AgentWire.encode(JoinRequest(csr: csr, token: token.text))
            let (status, _) = try await raw(
                fixture, endpoint, nil, .POST, AgentRoute.join,
                body: String(decoding: body, as: UTF8.self))
            #expect(status == 403)
            #expect(log.count(of: "a host got no certificate") == 1)
        }
    }

    @Test func tokenIsNotShownToWhoOnlyCopiedTheAuthority() async throws {
        // Anybody can hand out the right CA's certificate; only a server that the CA signed may
        // hear the token.
        var fixture = try LinkFixture()
        let log = RecordedLog()
        fixture.logger = Logger(label: "test") { _ in log }
        let token = try await fixture.grant("host-a")
        fixture.identity = try LinkAuthority(createdAt: Date()).issueServerIdentity(
            names: [], addresses: ["127.0.0.1"], at: Date())
        try await fixture.serving { [fixture] endpoint, _ in
            await #expect(throws: AgentJoinError.self) {
                try await join(fixture, endpoint, "host-a", token.text)
            }
        }
        #expect(log.count(of: "a host got its certificate") == 0)
        #expect(await fixture.ledger.consume(token.secretHash) != nil)
    }

    @Test(arguments: ["", "{}", "[]", #"{"csr": "", "token": ""}"#, "\u{0}"])
    func nonsenseDoesNotJoin(body: String) async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            let (status, fault) = try await raw(
                fixture, endpoint, nil, .POST, AgentRoute.join, body: body)
            #expect(status == 400)
            #expect(fault?.error.code == "malformed")
        }
    }

    @Test func brokenRequestDoesNotUseTheTokenUp() async throws {
        let fixture = try LinkFixture()
        let token = try await fixture.grant("host-a")
        try await fixture.serving { endpoint, _ in
            let body = try AgentWire.encode(JoinRequest(csr: "no request", token: token.text))
            let (status, _) = try await raw(
                fixture, endpoint, nil, .POST, AgentRoute.join,
                body: String(decoding: body, as: UTF8.self))
            #expect(status == 400)
            _ = try await join(fixture, endpoint, "host-a", token.text)
        }
    }

    @Test func renewsWhenDueAndOnlyThen() async throws {
        let fixture = try LinkFixture()
        let token = try await fixture.grant("host-a")
        let late = Flag()
        let now: @Sendable () -> Date = { late.isSet ? Date() + 300 * 86_400 : Date() }
        var later = fixture
        later.serverNow = now
        try await later.serving { [fixture] endpoint, _ in
            let store = CertificateStore(directory: fixture.folder + "/new")
            let join = AgentJoin(endpoint: endpoint, store: store, now: now)
            let first = try await join.join(hostName: "host-a", token: token.text)
            try await fixture.linked(endpoint, first) { link in
                #expect(try await join.renewIfDue(first, link: link)?.hostName == nil)
                late.set()
                let next = try #require(try await join.renewIfDue(first, link: link))
                #expect(next.hostName == "host-a")
                #expect(next.endsAt > first.endsAt + 299 * 86_400)
                #expect(next.identity.privateKeyPEM == first.identity.privateKeyPEM)
                #expect(next.identity.certificatePEM != first.identity.certificatePEM)
            }
        }
    }

    private func join(
        _ fixture: LinkFixture, _ endpoint: ServerEndpoint, _ host: String, _ token: String
    ) async throws -> HostCredentials {
        let store = CertificateStore(directory: fixture.folder + "/" + UUID().uuidString)
        return try await AgentJoin(endpoint: endpoint, store: store)
            .join(hostName: host, token: token)
    }

    /// The server's words; "" when it didn't refuse.
    private func refusal(
        _ fixture: LinkFixture, _ endpoint: ServerEndpoint, _ host: String, _ token: String
    ) async -> String {
        do {
            _ = try await join(fixture, endpoint, host, token)
            return ""
        } catch AgentJoinError.link(.refused(let why)) {
            return why
        } catch {
            return ""
        }
    }
}

/// Remembers what was logged.
final class RecordedLog: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var metadata: Logger.Metadata {
        get { [:] }
        set { _ = newValue }
    }
    var logLevel: Logger.Level {
        get { .info }
        set { _ = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set { _ = newValue }
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append(event.message.description) }
    }

    func count(of message: String) -> Int {
        lines.withLock { $0.count { $0 == message } }
    }
}
