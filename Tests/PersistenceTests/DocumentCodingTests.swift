import Foundation
import Testing

@testable import Persistence

@Suite struct DocumentCodingTests {
    struct Moment: StoredValue, Equatable {
        static let collection = "moments"
        var at: Date
        var url: String
        var documentKey: String { "m" }
    }

    func store(_ raw: String, _ text: String) async throws -> MemoryStateStore {
        let store = MemoryStateStore()
        try await store.put(raw, text)
        return store
    }

    @Test func theStoredFormIsStable() throws {
        let coded = try DocumentCoding.encode(Part(name: "a/b", count: 2), key: key("parts/a"))
        #expect(
            String(decoding: coded, as: UTF8.self) == #"{"d":{"count":2,"name":"a/b"},"v":1}"#)
    }

    @Test func datesComeBackExactly() throws {
        let moment = Moment(at: Date(timeIntervalSince1970: 1_700_000_000.123456), url: "a/b")
        let coded = try DocumentCoding.encode(moment, key: key("moments/m"))
        let decoded = try DocumentCoding.decode(Moment.self, from: coded, key: key("moments/m"))
        #expect(decoded == moment)
    }

    @Test func olderVersionsAreUpgraded() async throws {
        let documents = try await openDocuments(
            try await store("labels/l", #"{"v":2,"d":"old text"}"#))
        #expect(try documents.require(Label.self, "l").value.text == "old text from 2")
        await documents.close()
    }

    @Test func newerVersionsAreRefusedAtOpening() async throws {
        let store = try await store("labels/l", #"{"v":4,"d":{"text":"new"}}"#)
        await #expect(
            throws: StoreError.newerVersion(try key("labels/l"), found: 4, supported: 3)
        ) {
            try await openDocuments(store)
        }
    }

    @Test(
        arguments: [
            (#"{"v":1,"d":{"name":"a"}}"#, 1), (#"{"v":1}"#, 1), (#"{"d":{}}"#, nil), ("", nil),
            ("nonsense", nil),
        ] as [(String, Int?)])
    func damageIsNamedAtOpening(text: String, version: Int?) async throws {
        let store = try await store("parts/a", text)
        let error = await #expect(throws: StoreError.self) { try await openDocuments(store) }
        guard case .decoding(let found, version, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
        #expect(found == (try key("parts/a")))
    }

    @Test func unknownCollectionsAreLeftAlone() async throws {
        let store = try await store("strange/a", "anything")
        let documents = try await openDocuments(store)
        try await documents.transact { try $0.insert(Part(name: "a")) }
        #expect(try await store.get(try key("strange/a"))?.value == bytes("anything"))
        await documents.close()
    }
}
