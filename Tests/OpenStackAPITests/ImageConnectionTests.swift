import ComputeModel
import Conductor
import HummingbirdTesting
import NIOCore
import NIOPosix
import Persistence
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// Uploads whose connection breaks. A broken connection must never look like the end of the data.
@Suite struct ImageConnectionTests {
    enum Framing: CaseIterable {
        case length, chunked
    }

    @Test(arguments: Framing.allCases)
    func brokenConnectionsLeaveNoImage(_ framing: Framing) async throws {
        let bed = try await IdentityAPITestbed()
        try await bed.talk(.live) { client in
            let token = try await client.login()
            let made = try await client.send(
                .post, "/image/v2/images", token: token,
                ["name": "x", "disk_format": "raw", "container_format": "bare"])
            let id = try #require(made.text("id"))
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "localhost", port: try #require(client.client.port)).get()
            let text = Self.request("/image/v2/images/\(id)/file", token, framing)
            try await channel.writeAndFlush(ByteBuffer(string: text))
            try await Self.wait(bed, id) { $0.status == .saving }
            try await channel.close()
            try await Self.wait(bed, id) { $0.status != .saving }
            let left = try #require(try bed.context.documents.get(Image.self, id)?.value)
            #expect(left.status == .queued)
            #expect(left.failure != nil)
        }
    }

    /// The beginning of an upload: 1,000 bytes of it.
    private static func request(_ path: String, _ token: String, _ framing: Framing) -> String {
        var lines = [
            "PUT \(path) HTTP/1.1", "Host: localhost", "X-Auth-Token: \(token)",
            "Content-Type: application/octet-stream",
        ]
        let data = String(repeating: "x", count: 1_000)
        switch framing {
        case .length: lines += ["Content-Length: 100000", "", data]
        case .chunked: lines += ["Transfer-Encoding: chunked", "", "3e8", data, ""]
        }
        return lines.joined(separator: "\r\n")
    }

    private static func wait(
        _ bed: IdentityAPITestbed, _ id: String, _ condition: @escaping @Sendable (Image) -> Bool
    ) async throws {
        _ = try await bed.context.documents.wait(
            for: Image.self, id, timeout: .seconds(20)
        ) { found in
            found.flatMap { condition($0.value) ? true : nil }
        }
    }
}
