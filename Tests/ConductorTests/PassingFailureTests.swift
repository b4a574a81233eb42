import ComputeModel
import Persistence
import Testing

@testable import Conductor

/// What callers are told of a store that fails.
@Suite struct PassingFailureTests {
    @Test(arguments: [
        (StoreError.diskFull(path: "/var/lib/x.db", detail: "13"), "no disk space left"),
        (.overloaded(queued: 10_000), "too much to do"),
        (.unavailable(endpoint: "https://etcd1:2379", detail: "refused"), "can't reach"),
        (.inputOutput(path: "/var/lib/x.db", detail: "5"), "can't reach"),
    ])
    func passing(_ error: StoreError, _ words: String) throws {
        let message = try #require(error.callersMessage)
        #expect(message.contains(words))
        #expect(!message.contains("/"), "no path and no machine: \(message)")
    }

    @Test(arguments: [
        StoreError.corrupt(path: "/var/lib/x.db", detail: "11"), .invalidKey("k", reason: "r"),
        .unregistered(collection: "c"),
    ])
    func lasting(_ error: StoreError) {
        #expect(error.callersMessage == nil)
    }

    /// A request that the store can't take changes nothing, and goes through when it can again.
    @Test func aRequestIsRepeatable() async throws {
        try await InstanceTestbed.run([.small("h1")]) { bed in
            try bed.server.session.set(.fails, at: 1)
            await #expect(throws: StoreError.self) { try await bed.port() }
            #expect(try bed.documents.list(NetworkPort.self).isEmpty)
            _ = try await bed.port()
            #expect(try bed.documents.list(NetworkPort.self).count == 1)
        }
    }
}
