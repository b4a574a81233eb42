import Foundation
import GRDB
import Logging
import Synchronization

/// Documents in one SQLite file: the embedded engine.
///
/// A commit is on the disk when it is acknowledged (WAL, `synchronous=FULL`, verified at opening);
/// transactions that wait at the same time share one flush. One process at a time: a lock file
/// `<path>.lock` refuses a second one.
public final class SQLiteStateStore: StateStore {
    private let path: String
    let pool: DatabasePool
    private let limits: StoreLimits
    private let feed: ChangeFeed
    private let writer: SQLiteWriter
    /// Held until closing.
    private let lock: Mutex<StateFileLock?>

    /// Opens the store in this file, or makes it (readable by its owner only); the folder must
    /// exist. Blocks for the time SQLite needs to check the file.
    ///
    /// Throws ``StoreError/locked(path:detail:)``, ``StoreError/cannotOpen(path:detail:)``,
    /// ``StoreError/corrupt(path:detail:)``, ``StoreError/notDurable(path:detail:)`` and others of
    /// the machine.
    public init(
        path: String, limits: StoreLimits = StoreLimits(), logger: Logger
    ) throws(StoreError) {
        let lock = try StateFileLock(besides: path)
        try StateFileLock.makePrivate(path)
        let pool: DatabasePool
        let revision: Int64
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration(limits))
            revision = try Self.prepare(pool, path: path)
        } catch {
            throw StoreError(error, path: path)
        }
        self.path = path
        self.pool = pool
        self.limits = limits
        self.lock = Mutex(lock)
        feed = ChangeFeed(revision: revision, limits: limits)
        writer = SQLiteWriter(
            pool: pool, path: path, feed: feed, limits: limits, logger: logger)
        logger.info(
            "opened the store", metadata: ["path": "\(path)", "revision": "\(revision)"])
    }

    public func get(_ key: DocumentKey) async throws(StoreError) -> StoredDocument? {
        try await read { db in
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT generation, value FROM document WHERE key = ?"),
                arguments: [key.rawValue])
            return row.map { row in
                StoredDocument(key: key, generation: row[0], value: [UInt8](row[1] as Data))
            }
        }
    }

    public func list(prefix: String) async throws(StoreError) -> DocumentListing {
        try await read { db in
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT key, generation, value FROM document
                        WHERE key >= ? AND key < ? ORDER BY key
                        """),
                // Keys are visible ASCII: this bound follows every key with the prefix.
                arguments: [prefix, prefix + "\u{7F}"])
            var documents: [StoredDocument] = []
            while let row = try rows.next() {
                documents.append(
                    StoredDocument(
                        key: try DocumentKey(row[0]), generation: row[1],
                        value: [UInt8](row[2] as Data)))
            }
            return DocumentListing(
                documents: documents, revision: try SQLiteRows.revision(db).current)
        }
    }

    public func transact(
        conditions: [Condition], writes: [DocumentWrite]
    ) async throws(StoreError) -> Int64 {
        try await writer.transact(
            TransactionRequest(conditions: conditions, writes: writes, limits: limits))
    }

    public func watch(prefix: String, after revision: Int64) -> StoreWatch {
        StoreWatch(
            source: SQLiteWatchSource(pool: pool, path: path, feed: feed), prefix: prefix,
            after: revision)
    }

    public func currentRevision() async throws(StoreError) -> Int64 {
        if await writer.isClosed { throw .closed }
        return feed.revision
    }

    public func close() async {
        await writer.close()
        feed.close()
        lock.withLock { $0 = nil }
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        if await writer.isClosed { throw .closed }
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError(error, path: path)
        }
    }
}

// MARK: - Opening

extension SQLiteStateStore {
    private static func configuration(_ limits: StoreLimits) -> Configuration {
        var configuration = Configuration()
        configuration.label = "millrace.store"
        configuration.busyMode = .timeout(TimeInterval(limits.busyTimeoutSeconds))
        configuration.maximumReaderCount = 4
        return configuration
    }

    /// Makes the file durable and current, and returns its revision.
    private static func prepare(_ pool: DatabasePool, path: String) throws -> Int64 {
        try pool.writeWithoutTransaction { db in
            // Not in the configuration: the pool sets NORMAL after running what is there.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let full = 2
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "none"
            guard synchronous == full, journal == "wal" else {
                throw StoreError.notDurable(
                    path: path,
                    detail: "synchronous is \(synchronous), the journal is \(journal)")
            }
            let state = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard state == "ok" else { throw StoreError.corrupt(path: path, detail: state) }
        }
        let migrator = SQLiteSchema.migrator
        if try pool.read(migrator.hasBeenSuperseded) {
            throw StoreError.cannotOpen(
                path: path, detail: "a newer release made it; run that one, or use a backup")
        }
        try migrator.migrate(pool)
        return try pool.read { try SQLiteRows.revision($0).current }
    }
}
