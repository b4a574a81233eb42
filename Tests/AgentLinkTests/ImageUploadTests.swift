import AgentClient
import AgentProtocol
import ComputeModel
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

private struct DiskBroken: Error {}

/// Copies of disks on their way from a host to the server.
@Suite(.endsTheHung) struct ImageUploadTests {
    private static let mebibyte = 1 << 20

    /// Gives `chunks` chunks of `bytes` bytes.
    private func source(
        _ chunks: Int, bytes: Int, fixture: LinkFixture, failsAfter: Int = .max
    ) -> @Sendable () async throws -> [UInt8]? {
        let index = Mutex(0)
        let store = fixture.script.store
        return {
            let number = index.withLock { index in
                index += 1
                return index - 1
            }
            if number >= failsAfter { throw DiskBroken() }
            guard number < chunks else { return nil }
            store.state.withLock { $0.sent += bytes }
            return ScriptedImage.chunk(number, bytes: bytes)
        }
    }

    @Test(arguments: [(0, 0), (1, 1), (3, 700_001), (2, 1 << 20)])
    func arrivesWhole(chunks: Int, bytes: Int) async throws {
        let fixture = try LinkFixture()
        let next = source(chunks, bytes: bytes, fixture: fixture)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.storeImage(
                    ImageID("i"), sizeBytes: Int64(chunks * bytes), next: next)
                try await link.reportGuests([])
            }
        }
        let expected = (0..<chunks).flatMap { ScriptedImage.chunk($0, bytes: bytes) }
        #expect(fixture.script.store.state.withLock { $0.taken } == expected)
        #expect(
            fixture.script.calls == ["store i \(chunks * bytes)", "guest-reports"])
        #expect(fixture.script.hosts == ["host-a", "host-a"])
    }

    @Test func isSentNoFasterThanItIsTaken() async throws {
        let fixture = try LinkFixture()
        fixture.script.store.state.withLock { $0.keepsBytes = false }
        let next = source(64, bytes: Self.mebibyte, fixture: fixture)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.storeImage(
                    ImageID("i"), sizeBytes: Int64(64 * Self.mebibyte), next: next)
            }
        }
        let state = fixture.script.store.state.withLock { $0 }
        #expect(state.takenBytes == 64 * Self.mebibyte)
        #expect(state.largest <= Self.mebibyte)
        // What lies in buffers between both ends: the sockets' (a few MiB) and some chunks.
        #expect(state.aheadMax < 24 * Self.mebibyte)
    }

    @Test(arguments: [0, 3 << 20])
    func aRefusalComesThrough(after: Int) async throws {
        let fixture = try LinkFixture()
        fixture.script.store.state.withLock { $0.failure = (after, .refused("not wanted")) }
        let next = source(64, bytes: Self.mebibyte, fixture: fixture)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let error = await #expect(throws: AgentLinkError.self) {
                    try await link.storeImage(
                        ImageID("i"), sizeBytes: Int64(64 * Self.mebibyte), next: next)
                }
                #expect(error?.description == "The control plane refused: not wanted")
                try await link.reportGuests([])
            }
        }
    }

    @Test func aSourceThatFailsIsNoWholeImage() async throws {
        let fixture = try LinkFixture()
        let next = source(8, bytes: Self.mebibyte, fixture: fixture, failsAfter: 4)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.storeImage(
                        ImageID("i"), sizeBytes: Int64(8 * Self.mebibyte), next: next)
                }
                #expect(kind == "receiverFailed")
                await fixture.script.store.brokenOff.wait()
                try await link.reportGuests([])
            }
        }
    }

    @Test(arguments: [1, 3])
    func theSizeMustBeRight(chunks: Int) async throws {
        let fixture = try LinkFixture()
        let next = source(chunks, bytes: 1_000, fixture: fixture)
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.storeImage(ImageID("i"), sizeBytes: 2_000, next: next)
                }
                #expect(kind == "receiverFailed")
            }
        }
    }

    @Test func theSizeIsBounded() async throws {
        var fixture = try LinkFixture()
        fixture.limits.imageBytesMax = 1_000
        let next = source(1, bytes: 1_001, fixture: fixture)
        try await fixture.serving { [fixture] endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.storeImage(ImageID("i"), sizeBytes: 1_001, next: next)
                }
                #expect(kind == "refused")
            }
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test func nobodyStoresWithoutACertificate() async throws {
        let fixture = try LinkFixture()
        try await fixture.serving { endpoint, _ in
            let path = AgentRoute.images + "/i/data"
            let (status, _) = try await raw(fixture, endpoint, nil, .PUT, path, body: "x")
            #expect(status == 403)
        }
        #expect(fixture.script.calls.isEmpty)
    }

    @Test func aCancelledUploadEndsAtBothEnds() async throws {
        let fixture = try LinkFixture()
        let asked = Signal()
        let next: @Sendable () async throws -> [UInt8]? = {
            asked.fire()
            await Signal().wait()
            throw CancellationError()
        }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let upload = Task {
                    await linkFailure { () async throws(AgentLinkError) in
                        try await link.storeImage(ImageID("i"), sizeBytes: 1_000, next: next)
                    }
                }
                await asked.wait()
                upload.cancel()
                #expect(["unreachable", "receiverFailed"].contains(await upload.value))
                await fixture.script.store.brokenOff.wait()
                try await link.reportGuests([])
            }
        }
    }
}
