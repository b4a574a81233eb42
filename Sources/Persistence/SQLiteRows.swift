import Foundation
import GRDB

/// The statements behind the SQLite store; run inside a transaction of the caller.
enum SQLiteRows {
    static func revision(_ db: Database) throws -> (current: Int64, compacted: Int64) {
        let statement = try db.cachedStatement(sql: "SELECT revision, compacted FROM store")
        guard let row = try Row.fetchOne(statement) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the store row is missing")
        }
        return (row[0], row[1])
    }

    static func generation(_ db: Database, _ key: DocumentKey) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT generation FROM document WHERE key = ?"),
            arguments: [key.rawValue])
    }

    /// Applies the writes as revision `revision` and returns what changed.
    static func apply(
        _ writes: [DocumentWrite], as revision: Int64, _ db: Database
    ) throws -> [DocumentChange] {
        var changes: [DocumentChange] = []
        for write in writes {
            let position = revision * StoreLimits.changesPerRevision + Int64(changes.count)
            switch write {
            case .put(let key, let value):
                let data = Data(value)
                try put.run(db, [key.rawValue, revision, data])
                try record.run(db, [position, key.rawValue, data])
                changes.append(
                    .put(StoredDocument(key: key, generation: revision, value: value)))
            case .delete(let key):
                try delete.run(db, [key.rawValue])
                guard db.changesCount > 0 else { continue }
                try record.run(db, [position, key.rawValue, nil])
                changes.append(.delete(key))
            }
        }
        return changes
    }

    static func setRevision(_ revision: Int64, _ db: Database) throws {
        try Statement(sql: "UPDATE store SET revision = ?").run(db, [revision])
    }

    /// Forgets the changes up to and with `revision`.
    static func compact(through revision: Int64, _ db: Database) throws {
        let end = (revision + 1) * StoreLimits.changesPerRevision
        try Statement(sql: "DELETE FROM change WHERE position < ?").run(db, [end])
        try Statement(sql: "UPDATE store SET compacted = ?").run(db, [revision])
    }

    /// Events of at most `count` revisions after `revision`.
    static func events(
        after revision: Int64, count: Int64, _ db: Database
    ) throws -> [StoreEvent] {
        let first = (revision + 1) * StoreLimits.changesPerRevision
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT revision, key, value FROM change
                    WHERE position >= ? AND position < ? ORDER BY position
                    """),
            arguments: [first, first + count * StoreLimits.changesPerRevision])
        var events: [StoreEvent] = []
        var changes: [DocumentChange] = []
        var current: Int64?
        while let row = try rows.next() {
            let revision: Int64 = row[0]
            if let current, current != revision {
                events.append(StoreEvent(revision: current, changes: changes))
                changes = []
            }
            current = revision
            changes.append(try change(row, revision))
        }
        if let current { events.append(StoreEvent(revision: current, changes: changes)) }
        return events
    }

    private static func change(_ row: Row, _ revision: Int64) throws -> DocumentChange {
        let key = try DocumentKey(row[1])
        guard let value = row[2] as Data? else { return .delete(key) }
        return .put(StoredDocument(key: key, generation: revision, value: [UInt8](value)))
    }

    private static let put = Statement(
        sql: """
            INSERT INTO document (key, generation, value) VALUES (?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET generation = excluded.generation, \
            value = excluded.value
            """)
    private static let delete = Statement(sql: "DELETE FROM document WHERE key = ?")
    private static let record = Statement(
        sql: "INSERT INTO change (position, key, value) VALUES (?, ?, ?)")

    private struct Statement {
        let sql: String

        func run(_ db: Database, _ arguments: StatementArguments) throws {
            try db.cachedStatement(sql: sql).execute(arguments: arguments)
        }
    }
}
