import Testing

@testable import Persistence

extension StateStoreConformance {
    static let watches: [StateStoreConformance] = [
        .init("a watch shows each transaction once, whole and in order") { store in
            let (a, b) = (try key("t/a"), try key("t/b"))
            let start = try await store.put("t/before", "x")
            let first = try await store.transact(
                conditions: [], writes: [.put(a, [1]), .put(b, [2])])
            let second = try await store.transact(
                conditions: [], writes: [.delete(a), .delete(try key("t/gone"))])
            var watch = store.watch(prefix: "", after: start).makeAsyncIterator()
            #expect(
                try await watch.next()
                    == StoreEvent(
                        revision: first,
                        changes: [
                            .put(StoredDocument(key: a, generation: first, value: [1])),
                            .put(StoredDocument(key: b, generation: first, value: [2])),
                        ]))
            #expect(
                try await watch.next() == StoreEvent(revision: second, changes: [.delete(a)]))
            async let waiting = store.put("t/c", "3")
            let event = try await watch.next()
            #expect(event?.revision == (try await waiting))
        },
        .init("a watch sees only its prefix") { store in
            let start = try await store.currentRevision()
            _ = try await store.transact(
                conditions: [], writes: [.put(try key("t/a"), []), .put(try key("u/a"), [])])
            try await store.put("u/b", "")
            try await store.put("t/b", "")
            var watch = store.watch(prefix: "t/", after: start).makeAsyncIterator()
            #expect(try await watch.next()?.changes.map(\.key) == [try key("t/a")])
            #expect(try await watch.next()?.changes.map(\.key) == [try key("t/b")])
        },
        .init("watchers beside writers see everything exactly once") { store in
            let start = try await store.currentRevision()
            let (writers, each) = (8, 50)
            try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<3 {
                    let watch = store.watch(prefix: "t/", after: start)
                    group.addTask {
                        var seen: [Int64] = []
                        for try await event in watch {
                            seen.append(event.revision)
                            if seen.count == writers * each { break }
                        }
                        return seen
                    }
                }
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each { try await store.put("t/\(writer)", "\(number)") }
                        return []
                    }
                }
                let expected = (1...Int64(writers * each)).map { start + $0 }
                var watchers = 0
                for try await seen in group where !seen.isEmpty {
                    #expect(seen == expected)
                    watchers += 1
                }
                #expect(watchers == 3)
            }
        },
        .init("a watch ends with its task") { store in
            let watch = store.watch(prefix: "", after: try await store.currentRevision())
            let reader = Task {
                var count = 0
                for try await _ in watch { count += 1 }
                return count
            }
            reader.cancel()
            #expect(try await reader.value == 0)
        },
        .init("closing ends watches after what was committed, and refuses the rest") { store in
            let start = try await store.currentRevision()
            let watch = store.watch(prefix: "", after: start)
            let reader = Task {
                var revisions: [Int64] = []
                for try await event in watch { revisions.append(event.revision) }
                return revisions
            }
            let revision = try await store.put("t/a", "1")
            await store.close()
            #expect(try await reader.value == [revision])
            await #expect(throws: StoreError.closed) { try await store.put("t/a", "2") }
            await #expect(throws: StoreError.closed) { try await store.get(try key("t/a")) }
            await #expect(throws: StoreError.closed) { try await store.list(prefix: "") }
            await #expect(throws: StoreError.closed) { try await store.currentRevision() }
            await store.close()
        },
    ]
}

@Suite struct StateStoreConformanceTests {
    @Test(arguments: StoreEngine.allCases, StateStoreConformance.all)
    func conforms(_ engine: StoreEngine, _ conformance: StateStoreConformance) async throws {
        try await engine.withStore { try await conformance.check($0) }
    }

    /// History is bounded on every engine; where the bound lies is the engine's matter.
    @Test(arguments: StoreEngine.allCases)
    func aWatchOfLostHistorySaysSo(_ engine: StoreEngine) async throws {
        var limits = StoreLimits()
        limits.recentEvents = 4
        limits.historyRevisions = 10
        limits.historySlackRevisions = 5
        try await engine.withStore(limits: limits) { store in
            for number in 0..<40 { try await store.put("t/a", "\(number)") }
            var watch = store.watch(prefix: "", after: 1).makeAsyncIterator()
            let error = await #expect(throws: StoreError.self) { try await watch.next() }
            guard case .compacted(1, let oldest) = error else {
                Issue.record("unexpected error \(String(describing: error))")
                return
            }
            var later = store.watch(prefix: "", after: oldest).makeAsyncIterator()
            for revision in (oldest + 1)...40 {
                #expect(try await later.next()?.revision == revision)
            }
        }
    }
}
