import AgentProtocol
import AsyncHTTPClient
import Foundation
import LinkCertificates
import NIOCore
import NIOHTTP1
import Testing

@testable import AgentClient

@Suite struct AccessTests {
    @Test(arguments: [
        (HTTPMethod.POST, AgentRoute.hello), (.POST, AgentRoute.hostReport),
        (.GET, AgentRoute.assignments + "?after=0&timeout_ms=0"),
        (.POST, AgentRoute.guestReports), (.POST, AgentRoute.answers),
        (.GET, AgentRoute.images + "/i/data"), (.POST, AgentRoute.renew),
    ])
    func withoutCertificateNothingButJoining(method: HTTPMethod, path: String) async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            let (status, fault) = try await raw(
                fixture, endpoint, nil, method, path, body: method == .POST ? "{}" : nil)
            #expect(status == 403)
            #expect(fault?.error.code == "forbidden")
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test func certificateOfAnotherAuthorityIsRefused() async throws {
        let fixture = try LinkFixture()
        let other = try LinkAuthority(createdAt: Date())
        let stranger = fixture.trustingServer(
            try fixture.credentials("host-a", from: other))
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, stranger) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    _ = try await link.hello(greeting)
                }
                #expect(kind == "refused")
            }
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test func serverOfAnotherAuthorityIsRefused() async throws {
        var fixture = try LinkFixture()
        let other = try LinkAuthority(createdAt: Date())
        fixture.identity = try other.issueServerIdentity(
            names: [], addresses: ["127.0.0.1"], at: Date())
        try await refusesServer(fixture)
    }

    @Test func serverWithoutTheDialledAddressIsRefused() async throws {
        var fixture = try LinkFixture()
        fixture.identity = try fixture.authority.issueServerIdentity(
            names: ["127.0.0.1.example"], addresses: ["127.0.0.2"], at: Date())
        try await refusesServer(fixture)
    }

    @Test func hostCannotPoseAsServer() async throws {
        var fixture = try LinkFixture()
        fixture.identity = try fixture.credentials("127.0.0.1").identity
        try await refusesServer(fixture)
    }

    @Test func serverCertificateIsNoHost() async throws {
        let fixture = try LinkFixture()
        let fake = HostCredentials(
            hostName: "control.example", authorityPEM: fixture.authority.certificatePEM,
            endsAt: .distantFuture, identity: fixture.identity)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, fake) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.reportGuests([])
                }
                #expect(kind == "refused")
            }
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test func hostCannotActAsAnother() async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-b")) { link in
                let error = await #expect(throws: AgentLinkError.self) {
                    try await link.hello(greeting)
                }
                #expect(error?.description.contains("its certificate is for 'host-b'") == true)
                try await link.reportGuests([])
            }
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.reportGuests([])
            }
        }
        #expect(fixture.script.hosts == ["host-b", "host-a"])
    }

    @Test func certificateThatEndsOnAnOpenConnectionIsRefused() async throws {
        var fixture = try LinkFixture()
        let late = Flag()
        fixture.serverNow = { late.isSet ? Date() + 366 * 86_400 : Date() }
        try await fixture.serving { [fixture] endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.reportGuests([])
                late.set()
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.reportGuests([])
                }
                #expect(kind == "refused")
            }
        }
        #expect(fixture.script.calls == ["guest-reports"])
    }

    private func refusesServer(_ fixture: LinkFixture) async throws {
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    _ = try await link.hello(greeting)
                }
                #expect(kind == "refused")
            }
        }
        #expect(fixture.script.calls.isEmpty)
    }
}
