import Foundation
import Glibc
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Persistence

@Suite struct SQLiteStateStoreTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("state.db")
    }

    func open(_ limits: StoreLimits = StoreLimits()) throws -> SQLiteStateStore {
        try SQLiteStateStore(path: path, limits: limits, logger: quiet)
    }

    @Test func reopensWithEverything() async throws {
        let store = try open()
        let start = try await store.currentRevision()
        let revision = try await store.put("t/a", "1")
        await store.close()
        let again = try open()
        #expect(try await again.currentRevision() == revision)
        #expect(try await again.get(try key("t/a"))?.value == bytes("1"))
        #expect(try await again.put("t/a", "2") == revision + 1)
        // History outlives the process, too.
        var watch = again.watch(prefix: "", after: start).makeAsyncIterator()
        #expect(try await watch.next()?.revision == revision)
        #expect(try await watch.next()?.revision == revision + 1)
        await again.close()
    }

    @Test func commitsAreDurable() async throws {
        let store = try open()
        let settings = try await store.pool.writeWithoutTransaction { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try String.fetchOne(db, sql: "PRAGMA journal_mode")
            )
        }
        #expect(settings.0 == 2)
        #expect(settings.1 == "wal")
        await store.close()
    }

    @Test func aSecondProcessIsRefused() async throws {
        let store = try open()
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .locked(path, let detail) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
        #expect(detail == "held by process \(getpid())")
        await store.close()
        let again = try open()
        await again.close()
    }

    /// Between `fork` and `exec` a child has the parent's files; a copy of the lock's descriptor
    /// stands for it here.
    @Test func aChildThatBeginsDoesNotKeepTheLock() async throws {
        let store = try open()
        let folder = "/proc/self/fd"
        let held = try FileManager.default.contentsOfDirectory(atPath: folder).first { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\(name)")
            return target == path + ".lock"
        }
        let copy = dup(try #require(held.flatMap { Int32($0) }))
        defer { Glibc.close(copy) }
        await store.close()
        let again = try open()
        await again.close()
    }

    @Test func filesBelongToTheOwnerAlone() async throws {
        let store = try open()
        try await store.put("t/a", "1")
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        await store.close()
    }

    @Test(arguments: [0, 100, 4096])
    func aDamagedFileIsRefused(at offset: Int) async throws {
        let store = try open()
        for number in 0..<200 { try await store.put("t/\(number)", "some text") }
        await store.close()
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        try #require(content.count > 8192)
        content.replaceSubrange(offset..<(offset + 64), with: Data(repeating: 0xA5, count: 64))
        try content.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .corrupt(path, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
    }

    @Test func aMissingFolderIsNamed() throws {
        let missing = folder.file("missing/state.db")
        let error = #expect(throws: StoreError.self) {
            try SQLiteStateStore(path: missing, logger: quiet)
        }
        guard case .cannotOpen(let path, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
        #expect(path.hasPrefix(missing))
    }

    @Test func theFileOfANewerReleaseIsRefused() async throws {
        let store = try open()
        try await store.pool.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('999 from the future')")
        }
        await store.close()
        let error = #expect(throws: StoreError.self) { try open() }
        guard case .cannotOpen(path, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
    }

    @Test func aFullDiskIsATypedErrorAndHealsByItself() async throws {
        let store = try open()
        let before = try await store.put("t/a", "1")
        let large = [UInt8](repeating: 1, count: 1 << 18)
        try await Self.setMaximum(pages: 1, store)
        let error = await #expect(throws: StoreError.self) {
            try await store.transact(conditions: [], writes: [.put(try key("t/b"), large)])
        }
        guard case .diskFull(path, _) = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
        }
        #expect(try await store.list(prefix: "").revision == before)
        #expect(try await store.get(try key("t/b")) == nil)
        try await Self.setMaximum(pages: 1 << 20, store)
        let after = try await store.transact(
            conditions: [], writes: [.put(try key("t/b"), large)])
        #expect(after == before + 1)
        await store.close()
    }

    private static func setMaximum(pages: Int, _ store: SQLiteStateStore) async throws {
        // SQLite raises it to the present size by itself.
        try await store.pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
    }

    @Test func historyIsTrimmedInTheFile() async throws {
        var limits = StoreLimits()
        limits.historyRevisions = 20
        limits.historySlackRevisions = 5
        let store = try open(limits)
        for number in 0..<200 { try await store.put("t/a", "\(number)") }
        let kept = try await store.pool.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM change")
        }
        #expect((20...26).contains(try #require(kept)))
        await store.close()
    }

    @Test func aSlowWatcherReadsOnFromTheHistory() async throws {
        var limits = StoreLimits()
        limits.recentEvents = 2
        let store = try open(limits)
        for number in 0..<600 { try await store.put("t/\(number % 7)", "\(number)") }
        var watch = store.watch(prefix: "", after: 0).makeAsyncIterator()
        for revision in 1...600 {
            let event = try #require(try await watch.next())
            #expect(event.revision == Int64(revision))
            guard case .put(let document) = event.changes.first else { continue }
            #expect(document.value == bytes("\(revision - 1)"))
        }
        await store.close()
    }

    @Test func tooManyWaitingTransactionsAreRefused() async throws {
        var limits = StoreLimits()
        limits.queuedTransactions = 4
        limits.batchTransactions = 1
        let store = try open(limits)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await store.put("t/\(number)", "x")
                        return true
                    } catch StoreError.overloaded {
                        return false
                    } catch {
                        Issue.record(error)
                        return false
                    }
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        let stored = try await store.list(prefix: "").documents.count
        #expect(stored == outcomes.filter { $0 }.count)
        #expect(outcomes.contains(false))
        await store.close()
    }

    /// The last revision each writer was told.
    final class Acknowledged: Sendable {
        let revisions = Mutex<[String: Int64]>([:])
    }

    /// A copy of the files taken while writers run is what a crash leaves behind.
    @Test func whatWasAcknowledgedSurvivesACrash() async throws {
        let store = try open()
        // A checkpoint between the two copies would make of them what no crash leaves.
        try await store.pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        let acknowledged = Acknowledged()
        let writers = (0..<8).map { writer in
            Task {
                var number = 0
                while !Task.isCancelled {
                    let revision = try await store.put("t/\(writer)", "\(number)")
                    acknowledged.revisions.withLock { $0["t/\(writer)"] = revision }
                    number += 1
                }
            }
        }
        try await awaiting(
            "revision 300", { try await store.currentRevision() }, until: { $0 >= 300 })
        let before = acknowledged.revisions.withLock { $0 }
        let copy = folder.file("copy.db")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
        for writer in writers { writer.cancel() }
        for writer in writers { try await writer.value }
        await store.close()

        let survivor = try SQLiteStateStore(path: copy, logger: quiet)
        #expect(before.count == 8)
        for (raw, generation) in before {
            let found = try #require(try await survivor.get(try key(raw)))
            #expect(found.generation >= generation)
        }
        let listing = try await survivor.list(prefix: "t/")
        #expect(listing.documents.map(\.generation).max() == listing.revision)
        await survivor.close()
    }
}
