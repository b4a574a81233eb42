import AgentClient
import AgentProtocol
import Foundation
import NIOCore
import NIOPosix
import Testing

@Suite struct PollTests {
    @Test func cancelledPollEndsAtBothEnds() async throws {
        let fixture = try LinkFixture()
        fixture.script.state.withLock { $0.holdsPolls = true }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let poll = Task { await held(link) }
                await fixture.script.pollsHeld.wait()
                poll.cancel()
                #expect(await poll.value == "unreachable")
                await fixture.script.pollsCancelled.wait()
                try await link.reportGuests([])
            }
        }
        #expect(fixture.script.calls == ["assignments", "guest-reports"])
    }

    @Test func serverThatDiesDuringAPollIsUnreachable() async throws {
        let fixture = try LinkFixture()
        try await fixture.answering(nil) { endpoint in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                #expect(await held(link) == "unreachable")
            }
        }
    }

    @Test func orderlyStopAnswersHeldPolls() async throws {
        let fixture = try LinkFixture()
        let sample = sampleBatch()
        fixture.script.state.withLock {
            $0.holdsPolls = true
            $0.batch = sample
        }
        try await fixture.serving { endpoint, server in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let poll = Task { try await link.assignments(after: 0, timeoutMS: 20_000) }
                await fixture.script.pollsHeld.wait()
                await server.services.triggerGracefulShutdown()
                #expect(try await poll.value.revision == sample.revision)
                try await server.task.value
            }
        }
    }

    @Test func nobodyListeningIsUnreachable() async throws {
        let fixture = try LinkFixture()
        // Bound and not listening: refuses, and nobody else can get the port meanwhile.
        let silent = try BoundPort()
        defer { silent.close() }
        let endpoint = ServerEndpoint(host: "127.0.0.1", port: silent.port)
        try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
            #expect(await held(link) == "unreachable")
        }
    }

    @Test func serverThatNeverShakesHandsIsUnreachable() async throws {
        let fixture = try LinkFixture()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        var limits = AgentClientLimits()
        limits.connectTimeout = .milliseconds(200)
        let endpoint = ServerEndpoint(host: "127.0.0.1", port: port)
        try await fixture.linked(
            endpoint, try fixture.credentials("host-a"), limits: limits
        ) { link in
            #expect(await held(link) == "unreachable")
        }
        try await listener.close()
    }

    @Test func serverThatHoldsTooLongIsUnreachable() async throws {
        let fixture = try LinkFixture()
        fixture.script.state.withLock { $0.holdsPolls = true }
        var limits = AgentClientLimits()
        limits.pollMargin = .milliseconds(200)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(
                endpoint, try fixture.credentials("host-a"), limits: limits
            ) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    _ = try await link.assignments(after: 0, timeoutMS: 100)
                }
                #expect(kind == "unreachable")
            }
        }
    }

    private func held(_ link: HTTPControlPlaneLink) async -> String {
        await linkFailure { () async throws(AgentLinkError) in
            _ = try await link.assignments(after: 0, timeoutMS: 20_000)
        }
    }
}
