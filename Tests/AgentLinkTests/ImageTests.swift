import AgentClient
import AgentProtocol
import ComputeModel
import Crypto
import Foundation
import Synchronization
import Testing

private struct DiskFull: Error {}

@Suite struct ImageTests {
    private static let mebibyte = 1 << 20

    @Test func imageArrivesWholeInBoundedChunksNoFasterThanItIsTaken() async throws {
        let fixture = try LinkFixture()
        let image = fixture.script.image
        image.state.withLock {
            $0.chunks = 32
            $0.chunkBytes = Self.mebibyte
        }
        let received = Mutex((hash: SHA256(), count: 0, largest: 0))
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.fetchImage(ImageID("big")) { chunk in
                    received.withLock {
                        $0.hash.update(data: chunk)
                        $0.count += chunk.count
                        $0.largest = max($0.largest, chunk.count)
                    }
                    // Slower than any sender, by work and not by waiting.
                    for _ in 0..<12 { _ = SHA512.hash(data: chunk) }
                    image.state.withLock { $0.received += chunk.count }
                }
            }
        }
        var expected = SHA256()
        for index in 0..<32 {
            expected.update(data: ScriptedImage.chunk(index, bytes: Self.mebibyte))
        }
        let result = received.withLock { $0 }
        #expect(result.count == 32 * Self.mebibyte)
        #expect(result.largest <= Self.mebibyte)
        #expect(result.hash.finalize() == expected.finalize())
        // What lies in buffers between both ends: the sockets' (a few MiB) and one chunk each.
        #expect(image.state.withLock { $0.aheadMax } < 16 * Self.mebibyte)
    }

    @Test(arguments: [(0, 0), (1, 1), (3, 700_001)])
    func imagesOfAnySizeArriveWhole(chunks: Int, chunkBytes: Int) async throws {
        let fixture = try LinkFixture()
        fixture.script.image.state.withLock {
            $0.chunks = chunks
            $0.chunkBytes = chunkBytes
        }
        let received = Mutex<[UInt8]>([])
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                try await link.fetchImage(ImageID("i")) { chunk in
                    received.withLock { $0 += chunk }
                }
            }
        }
        let expected = (0..<chunks).flatMap { ScriptedImage.chunk($0, bytes: chunkBytes) }
        #expect(received.withLock { $0 } == expected)
    }

    @Test func streamThatBreaksOffIsNoWholeImage() async throws {
        let fixture = try LinkFixture()
        fixture.script.image.state.withLock {
            $0.chunks = 4
            $0.chunkBytes = Self.mebibyte
            $0.failure = (after: 2, error: .unreachable("disk of the server"))
        }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.fetchImage(ImageID("i")) { _ in }
                }
                #expect(kind == "unreachable")
                try await link.reportGuests([])
            }
        }
    }

    @Test func failingReceiverStopsTheSender() async throws {
        let fixture = try LinkFixture()
        let image = fixture.script.image
        image.state.withLock {
            $0.chunks = 4_096
            $0.chunkBytes = Self.mebibyte
        }
        try await fixture.serving { endpoint, _ in
            try await fixture.linked(endpoint, try fixture.credentials("host-a")) { link in
                let kind = await linkFailure { () async throws(AgentLinkError) in
                    try await link.fetchImage(ImageID("i")) { _ in throw DiskFull() }
                }
                #expect(kind == "receiverFailed")
                // The first stop is the server's look at the first chunk, the second this one.
                await image.stopped.wait()
                await image.stopped.wait()
                try await link.reportGuests([])
            }
        }
    }
}
