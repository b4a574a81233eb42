import Synchronization
import TestSupport
import Testing

@testable import Persistence

struct Part: StoredValue, Equatable {
    static let collection = "parts"
    var name: String
    var count = 0
    var documentKey: String { name }
}

struct Label: StoredValue, Equatable {
    static let collection = "labels"
    static let schemaVersion = 3
    var text: String
    var documentKey: String { "l" }

    init(text: String) {
        self.text = text
    }

    init(upgradingFrom version: Int, _ decoder: any Decoder) throws {
        text = "\(try decoder.singleValueContainer().decode(String.self)) from \(version)"
    }
}

struct Unlisted: StoredValue {
    static let collection = "unlisted"
    var documentKey: String { "u" }
}

func openDocuments(_ store: any StateStore) async throws -> DocumentStore {
    try await DocumentStore.open(store, types: [Part.self, Label.self], logger: quiet)
}

@Suite struct DocumentStoreTests {
    func withDocuments(_ body: (DocumentStore) async throws -> Void) async throws {
        try await StoreEngine.sqlite.withStore { store in
            let documents = try await openDocuments(store)
            do {
                try await body(documents)
            } catch {
                await documents.close()
                throw error
            }
            await documents.close()
        }
    }

    @Test func readsShowWhatWasJustWritten() async throws {
        try await withDocuments { documents in
            #expect(try documents.get(Part.self, "a") == nil)
            for count in 0..<50 {
                try await documents.transact { transaction in
                    try transaction.put(Part(name: "a", count: count))
                }
                #expect(try documents.require(Part.self, "a").value.count == count)
            }
            #expect(throws: StoreError.absent(try key("parts/b"))) {
                try documents.require(Part.self, "b")
            }
            #expect(throws: StoreError.unregistered(collection: "unlisted")) {
                try documents.get(Unlisted.self, "u")
            }
        }
    }

    @Test func oneTransactionForSeveralTypes() async throws {
        try await withDocuments { documents in
            let answer = try await documents.transact { transaction in
                try transaction.insert(Part(name: "a"))
                try transaction.insert(Label(text: "x"))
                return 42
            }
            #expect(answer == 42)
            let part = try documents.require(Part.self, "a")
            let label = try documents.require(Label.self, "l")
            #expect(part.generation == label.generation)
            #expect(documents.snapshot().revision == part.generation)
        }
    }

    @Test func conditionsAreThoseOfTheGenerationsRead() async throws {
        try await withDocuments { documents in
            try await documents.transact { try $0.insert(Part(name: "a")) }
            let old = try documents.require(Part.self, "a")
            try await documents.transact { try $0.update(old, to: Part(name: "a", count: 1)) }
            let stale: [@Sendable (inout DocumentTransaction) throws -> Void] = [
                { try $0.update(old, to: Part(name: "a", count: 2)) },
                { try $0.delete(old) },
                { try $0.require(old) },
                { try $0.insert(Part(name: "a")) },
                { try $0.requireAbsent(Part.self, "a") },
                { try $0.requireExists(Part.self, "b") },
            ]
            for body in stale {
                let error = await #expect(throws: StoreError.self) {
                    try await documents.transact { transaction in
                        try body(&transaction)
                        try transaction.put(Label(text: "must not appear"))
                    }
                }
                guard case .conflict(let failed) = error else {
                    Issue.record("unexpected error \(String(describing: error))")
                    continue
                }
                #expect(failed.count == 1)
            }
            #expect(try documents.get(Label.self, "l") == nil)
            try await documents.transact { transaction in
                try transaction.delete(try documents.require(Part.self, "a"))
                try transaction.requireAbsent(Part.self, "b")
            }
            #expect(try documents.get(Part.self, "a") == nil)
        }
    }

    @Test func anUpdateCannotChangeTheKey() async throws {
        try await withDocuments { documents in
            try await documents.transact { try $0.insert(Part(name: "a")) }
            let part = try documents.require(Part.self, "a")
            await #expect(throws: StoreError.self) {
                try await documents.transact { try $0.update(part, to: Part(name: "b")) }
            }
        }
    }

    @Test func mutateTriesAgainAndGivesUp() async throws {
        try await withDocuments { documents in
            try await documents.transact { try $0.insert(Part(name: "a")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            try await documents.mutate(Part.self, "a", attempts: 1000) {
                                $0.count += 1
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let stored = try documents.require(Part.self, "a")
            #expect(stored.value.count == 80)
            await #expect(throws: StoreError.absent(try key("parts/b"))) {
                try await documents.mutate(Part.self, "b") { $0.count += 1 }
            }
            await #expect(throws: StoreError.contended(try key("parts/a"), attempts: 0)) {
                try await documents.mutate(Part.self, "a", attempts: 0) { $0.count += 1 }
            }
        }
    }

    @Test func aSnapshotStaysAsItWas() async throws {
        try await withDocuments { documents in
            try await documents.transact { transaction in
                for name in ["c", "a", "b"] { try transaction.insert(Part(name: name)) }
            }
            let before = documents.snapshot()
            try await documents.mutate(Part.self, "a") { $0.count = 9 }
            try await documents.transact { transaction in
                try transaction.delete(try documents.require(Part.self, "b"))
                try transaction.insert(Part(name: "ab"))
            }
            #expect(try before.list(Part.self).map(\.value.name) == ["a", "b", "c"])
            #expect(try before.require(Part.self, "a").value.count == 0)
            #expect(try documents.list(Part.self).map(\.id) == ["a", "ab", "c"])
            #expect(try documents.list(Part.self, prefix: "a").map(\.id) == ["a", "ab"])
            #expect(try documents.list(Part.self, prefix: "b").isEmpty)
            #expect(try documents.snapshot().count(Part.self) == 3)
        }
    }

    @Test func everythingIsThereAfterReopening() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("state.db")
        for round in 0..<3 {
            let documents = try await openDocuments(
                SQLiteStateStore(path: path, logger: quiet))
            #expect(try documents.list(Part.self).count == round * 100)
            for number in 0..<100 {
                try await documents.transact {
                    try $0.insert(Part(name: "\(round)-\(number)", count: number))
                }
            }
            await documents.close()
        }
        let documents = try await openDocuments(SQLiteStateStore(path: path, logger: quiet))
        #expect(try documents.require(Part.self, "1-42").value.count == 42)
        await documents.close()
    }

    @Test func whatAnotherWriterStoresIsSeen() async throws {
        let store = MemoryStateStore()
        let first = try await openDocuments(store)
        let second = try await openDocuments(store)
        try await first.transact { try $0.insert(Part(name: "a", count: 5)) }
        let seen = try await second.wait(for: Part.self, "a", timeout: .seconds(60)) { $0 }
        #expect(seen.value.count == 5)
        await first.close()
        await second.close()
    }
}
