import AgentClient
import AgentProtocol
import Foundation
import LinkCertificates
import NIOCore
import NIOHTTP1
import Testing

@Suite struct BoundsTests {
    @Test func bodyAboveTheLimitIsRefusedUnread() async throws {
        var fixture = try LinkFixture()
        fixture.limits.bodyBytesMax = 10_000
        try await fixture.serving { [fixture] endpoint, _ in
            let credentials = try fixture.credentials("host-a")
            let (status, fault) = try await raw(
                fixture, endpoint, credentials, .POST, AgentRoute.answers,
                body: String(repeating: " ", count: 10_001))
            #expect(status == 413)
            #expect(fault?.error.code == "too-large")
            try await fixture.linked(endpoint, credentials) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.answer(
                        HostAnswer(id: "q", text: String(repeating: "x", count: 10_000)))
                }
                #expect(kind == "refused")
                try await link.answer(
                    HostAnswer(id: "q", text: String(repeating: "x", count: 9_900)))
            }
        }
        #expect(fixture.script.calls == ["answer"])
    }

    @Test func joinersMaySendLittle() async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            let (status, _) = try await raw(
                fixture, endpoint, nil, .POST, AgentRoute.join,
                body: String(repeating: " ", count: fixture.limits.joinBodyBytesMax + 1))
            #expect(status == 413)
        }
    }

    @Test(arguments: [
        (HTTPMethod.GET, "/agent/v1/nothing", UInt(404), "http"),
        (.GET, "/", 404, "http"),
        (.GET, AgentRoute.assignments, 400, "malformed"),
        (.GET, AgentRoute.assignments + "?after=x&timeout_ms=1", 400, "malformed"),
        (.GET, AgentRoute.assignments + "?after=1", 400, "malformed"),
        (.POST, AgentRoute.hello, 400, "malformed"),
    ])
    func wrongRequestsGetFaults(
        method: HTTPMethod, path: String, status: UInt, code: String
    ) async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            let answer = try await raw(
                fixture, endpoint, try fixture.credentials("host-a"), method, path,
                body: method == .POST ? "{" : nil)
            #expect(answer.status == status)
            #expect(answer.fault?.error.code == code)
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 500 Oops\r\ncontent-length: 6\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        "220 mail.example ESMTP\r\n",
    ])
    func nonsenseIsGarbled(answer: String) async throws {
        let fixture = try LinkFixture()
        try await fixture.answering(answer) { endpoint in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    _ = try await link.hello(greeting)
                }
                #expect(kind == "garbled")
            }
        }
    }

    @Test func answerAboveTheLimitIsGarbled() async throws {
        let fixture = try LinkFixture()
        var limits = AgentClientLimits()
        limits.replyBytesMax = 1_000
        let body = String(repeating: " ", count: 1_001)
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n" + body
        try await fixture.answering(answer) { endpoint in
            try await fixture.linked(
                endpoint, try fixture.credentials("host-a"), limits: limits
            ) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    _ = try await link.hello(greeting)
                }
                #expect(kind == "garbled")
            }
        }
    }
}
