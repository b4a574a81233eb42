import Testing

@testable import Persistence

/// What every engine must do. Each check gets an empty store that it doesn't close.
struct StateStoreConformance: Sendable, CustomTestStringConvertible {
    let name: String
    let check: @Sendable (any StateStore) async throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (any StateStore) async throws -> Void) {
        self.name = name
        self.check = check
    }

    var testDescription: String { name }

    static let all = documents + transactions + watches
}

extension StateStoreConformance {
    static let documents: [StateStoreConformance] = [
        .init("a document is there after its put, gone after its delete") { store in
            let a = try key("things/a")
            #expect(try await store.get(a) == nil)
            let first = try await store.put("things/a", "1")
            #expect(
                try await store.get(a)
                    == StoredDocument(key: a, generation: first, value: bytes("1")))
            let second = try await store.put("things/a", "2")
            #expect(second > first)
            #expect(try await store.get(a)?.generation == second)
            let third = try await store.transact(conditions: [], writes: [.delete(a)])
            #expect(third > second)
            #expect(try await store.get(a) == nil)
            #expect(try await store.currentRevision() == third)
        },
        .init("values are any bytes, also none") { store in
            for value in [[], [0], [0xFF, 0, 0x0A], [UInt8](repeating: 7, count: 100_000)] {
                _ = try await store.transact(
                    conditions: [], writes: [.put(try key("b/x"), value)])
                #expect(try await store.get(try key("b/x"))?.value == value)
            }
        },
        .init("a listing has the prefix, is sorted and names its revision") { store in
            for name in ["t/b", "t/a/2", "t/a", "ta/x", "t/a0", "s/z"] {
                try await store.put(name, name)
            }
            func names(_ prefix: String) async throws -> [String] {
                let listing = try await store.list(prefix: prefix)
                #expect(try await listing.revision == store.currentRevision())
                return listing.documents.map(\.key.rawValue)
            }
            #expect(try await names("t/") == ["t/a", "t/a/2", "t/a0", "t/b"])
            #expect(try await names("t/a") == ["t/a", "t/a/2", "t/a0"])
            #expect(try await names("t/a/") == ["t/a/2"])
            #expect(try await names("u/") == [])
            #expect(try await names("").count == 6)
        },
    ]

    static let transactions: [StateStoreConformance] = [
        .init("all documents of a transaction have its revision") { store in
            let revision = try await store.transact(
                conditions: [.absent(try key("t/a"))],
                writes: [.put(try key("t/a"), [1]), .put(try key("u/b"), [2])])
            let listing = try await store.list(prefix: "")
            #expect(listing.documents.map(\.generation) == [revision, revision])
            #expect(listing.revision == revision)
        },
        .init("each kind of condition holds when it should") { store in
            let (a, b, c) = (try key("t/a"), try key("t/b"), try key("t/c"))
            let generation = try await store.put("t/a", "1")
            let cases: [(Condition, Bool)] = [
                (.generation(a, generation), true), (.generation(a, generation - 1), false),
                (.generation(b, 1), false), (.generation(b, 0), false), (.exists(a), true),
                (.exists(b), false), (.absent(b), true), (.absent(a), false),
            ]
            for (condition, holds) in cases {
                let before = try await store.currentRevision()
                do {
                    let after = try await store.transact(
                        conditions: [condition], writes: [.put(c, [1])])
                    #expect(holds && after > before, "\(condition)")
                } catch let error as StoreError {
                    #expect(!holds && error == .conflict(failed: [condition]), "\(error)")
                    #expect(try await store.currentRevision() == before)
                }
            }
        },
        .init("a conflict names all that failed and writes nothing") { store in
            let (a, b, c) = (try key("t/a"), try key("t/b"), try key("t/c"))
            try await store.put("t/a", "1")
            let failed: [Condition] = [.absent(a), .exists(b)]
            await #expect(throws: StoreError.conflict(failed: failed)) {
                try await store.transact(
                    conditions: [.absent(a), .absent(c), .exists(b)],
                    writes: [.put(c, [1]), .delete(a)])
            }
            #expect(try await store.list(prefix: "").documents.map(\.key) == [a])
        },
        .init("what changes nothing makes no revision") { store in
            let before = try await store.put("t/a", "1")
            let gone = try key("t/gone")
            #expect(try await store.transact(conditions: [], writes: []) == before)
            #expect(
                try await store.transact(
                    conditions: [.exists(try key("t/a"))], writes: [.delete(gone)]) == before)
            #expect(try await store.currentRevision() == before)
        },
        .init("a transaction may not write a document twice") { store in
            let a = try key("t/a")
            await #expect(throws: StoreError.self) {
                try await store.transact(
                    conditions: [], writes: [.put(a, [1]), .delete(a)])
            }
            #expect(try await store.get(a) == nil)
        },
        .init("sizes are bounded") { store in
            let limits = StoreLimits()
            let a = try key("t/a")
            let tooLarge = [UInt8](repeating: 0, count: limits.valueBytes + 1)
            await #expect(
                throws: StoreError.valueTooLarge(
                    a, bytes: tooLarge.count, limit: limits.valueBytes)
            ) {
                try await store.transact(conditions: [], writes: [.put(a, tooLarge)])
            }
            let count = limits.transactionOperations + 1
            let many = try (0..<count).map { DocumentWrite.put(try key("t/\($0)"), []) }
            await #expect(
                throws: StoreError.transactionTooLarge(operations: count, bytes: 0)
            ) {
                try await store.transact(conditions: [], writes: many)
            }
            _ = try await store.transact(conditions: [], writes: Array(many.dropLast()))
        },
        .init("concurrent compare-and-set loses no increment") { store in
            let counter = try key("t/counter")
            try await store.put("t/counter", "0")
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        do {
                            for _ in 0..<10 { try await increment(counter, in: store) }
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
            #expect(try await store.get(counter)?.value == bytes("160"))
        },
    ]

    private static func increment(
        _ counter: DocumentKey, in store: any StateStore
    ) async throws {
        while true {
            let current = try #require(try await store.get(counter))
            let number = try #require(Int(String(decoding: current.value, as: UTF8.self)))
            do throws(StoreError) {
                _ = try await store.transact(
                    conditions: [.generation(counter, current.generation)],
                    writes: [.put(counter, bytes("\(number + 1)"))])
                return
            } catch {
                guard case .conflict = error else { throw error }
            }
        }
    }
}
