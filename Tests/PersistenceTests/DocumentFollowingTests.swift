import Synchronization
import TestSupport
import Testing

@testable import Persistence

@Suite(.endsTheHung) struct DocumentFollowingTests {
    @Test func changesShowThePresentStateOnceEach() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        var changes = documents.changes(of: Part.self).makeAsyncIterator()
        for count in 0..<10 {
            try await documents.transact { try $0.put(Part(name: "a", count: count)) }
        }
        try await documents.transact { try $0.insert(Part(name: "b")) }
        try await documents.transact { transaction in
            try transaction.delete(try documents.require(Part.self, "b"))
        }
        let first = try #require(try await changes.next())
        #expect(first.document?.value == Part(name: "a", count: 9))
        let second = try #require(try await changes.next())
        #expect(second.id == "b")
        #expect(second.document == nil)
        await documents.close()
        #expect(try await changes.next() == nil)
    }

    @Test func changesCanBeginWithWhatThereIs() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        for name in ["a", "b", "c"] {
            try await documents.transact { try $0.insert(Part(name: name)) }
        }
        var all = documents.changes(of: Part.self, includingExisting: true).makeAsyncIterator()
        for name in ["a", "b", "c"] { #expect(try await all.next()?.id == name) }
        var one = documents.changes(of: Part.self, id: "b", includingExisting: true)
            .makeAsyncIterator()
        #expect(try await one.next()?.id == "b")
        try await documents.mutate(Part.self, "a") { $0.count = 1 }
        try await documents.mutate(Part.self, "b") { $0.count = 2 }
        #expect(try await one.next()?.document?.value.count == 2)
        #expect(try await all.next()?.id == "a")
        await documents.close()
    }

    @Test func aReaderOfChangesEndsWithItsTask() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        let changes = documents.changes(of: Part.self)
        let reader = Task {
            for try await _ in changes {}
        }
        reader.cancel()
        try await reader.value
        await documents.close()
    }

    @Test func aWaitEndsWhenItsConditionHolds() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        let looks = Mutex(0)
        async let waited = documents.wait(for: Part.self, "a", timeout: .seconds(60)) { part in
            looks.withLock { $0 += 1 }
            return part?.value.count == 3 ? part?.generation : nil
        }
        try await documents.transact { try $0.insert(Part(name: "a")) }
        for _ in 0..<3 { try await documents.mutate(Part.self, "a") { $0.count += 1 } }
        for number in 0..<20 {
            try await documents.transact { try $0.insert(Part(name: "other\(number)")) }
        }
        #expect(try await waited == documents.require(Part.self, "a").generation)
        // Once at the start and at most once for each of its own four changes.
        #expect(looks.withLock { $0 } <= 5)
        await documents.close()
    }

    @Test func aWaitOverSeveralTypesSeesOneRevision() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        async let waited: String = documents.wait(
            watching: [Part.self, Label.self], timeout: .seconds(60)
        ) { snapshot in
            guard let label = try snapshot.get(Label.self, "l") else { return nil }
            return "\(label.value.text) and \(try snapshot.list(Part.self).count)"
        }
        try await documents.transact { transaction in
            try transaction.insert(Label(text: "x"))
            try transaction.insert(Part(name: "a"))
        }
        #expect(try await waited == "x and 1")
        await documents.close()
    }

    @Test func aWaitEndsInTime() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        await #expect(
            throws: StoreError.timedOut(waitingFor: "parts/a", after: .seconds(30))
        ) {
            _ = try await documents.wait(
                for: Part.self, "a", timeout: .seconds(30), clock: ImmediateClock()
            ) { $0 }
        }
        await documents.close()
    }

    @Test func aWaitEndsWithItsTaskAndWithTheStore() async throws {
        let documents = try await openDocuments(MemoryStateStore())
        let first = Task {
            try await documents.wait(for: Part.self, "a", timeout: .seconds(600)) { $0 }
        }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        let looked = Mutex(false)
        let second = Task {
            try await documents.wait(for: Part.self, "a", timeout: .seconds(600)) { part in
                looked.withLock { $0 = true }
                return part
            }
        }
        try await awaiting("the first look", { looked.withLock(\.self) }, until: { $0 })
        await documents.close()
        await #expect(throws: StoreError.closed) { try await second.value }
    }

    /// A store whose first watches break: once compacted, once unreachable.
    final class GappyStore: StateStore {
        let inner = MemoryStateStore()
        private let failures = Mutex<[StoreError]>([
            .compacted(requested: 0, oldest: 1),
            .unavailable(endpoint: "test", detail: "told to fail"),
        ])

        struct Broken: StoreWatchSource {
            let error: StoreError
            func events(after revision: Int64) async throws(StoreError) -> [StoreEvent]? {
                throw error
            }
        }

        func get(_ key: DocumentKey) async throws(StoreError) -> StoredDocument? {
            try await inner.get(key)
        }
        func list(prefix: String) async throws(StoreError) -> DocumentListing {
            try await inner.list(prefix: prefix)
        }
        func transact(
            conditions: [Condition], writes: [DocumentWrite]
        ) async throws(StoreError) -> Int64 {
            try await inner.transact(conditions: conditions, writes: writes)
        }
        func watch(prefix: String, after revision: Int64) -> StoreWatch {
            let error = failures.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let error else { return inner.watch(prefix: prefix, after: revision) }
            return StoreWatch(source: Broken(error: error), prefix: prefix, after: revision)
        }
        func currentRevision() async throws(StoreError) -> Int64 {
            try await inner.currentRevision()
        }
        func close() async { await inner.close() }
    }

    @Test func theCacheSurvivesABrokenWatch() async throws {
        let store = GappyStore()
        try await store.inner.put("parts/gone", #"{"v":1,"d":{"name":"gone","count":0}}"#)
        let documents = try await DocumentStore.open(
            store, types: [Part.self, Label.self], clock: ImmediateClock(), logger: quiet)
        try await documents.transact { transaction in
            try transaction.insert(Part(name: "a"))
            try transaction.delete(try documents.require(Part.self, "gone"))
        }
        #expect(try documents.list(Part.self).map(\.id) == ["a"])
        try await documents.mutate(Part.self, "a") { $0.count = 7 }
        #expect(try documents.require(Part.self, "a").value.count == 7)
        await documents.close()
    }

    @Test func replacingTheCacheFindsEveryDifference() throws {
        func stored(_ raw: String, _ generation: Int64) throws -> StoredDocument {
            StoredDocument(key: try key(raw), generation: generation, value: [])
        }
        let before = try [stored("parts/a", 1), stored("parts/b", 2), stored("parts/c", 3)]
        let cache = DocumentCache(
            collections: [
                "parts": CachedCollection(
                    sorted: before.map { CachedDocument($0, decoded: nil) })
            ], revision: 3)
        let subscription = ChangeSubscription(collection: "parts", id: nil)
        _ = cache.subscribe(subscription)
        let after = try [stored("parts/a", 1), stored("parts/c", 8), stored("parts/d", 9)]
        cache.replace(with: DocumentListing(documents: after, revision: 9))
        let held = cache.snapshot.collections["parts"]
        #expect(held?.allIDs == ["a", "c", "d"])
        #expect(held?["a"]?.generation == 1)
        #expect(held?["c"]?.generation == 8)
        #expect(cache.snapshot.revision == 9)
    }
}
