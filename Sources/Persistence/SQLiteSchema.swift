import GRDB

/// Tables of the SQLite store. Migrations have names and are only ever appended.
enum SQLiteSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 documents") { db in
            try db.execute(sql: documents)
        }
        return migrator
    }

    /// `change.position` is revision * 1024 + place in the transaction: one growing integer as
    /// primary key needs no second index to be read and trimmed by revision.
    private static let documents = """
        CREATE TABLE store (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL CHECK (revision >= 0),
            compacted INTEGER NOT NULL CHECK (compacted BETWEEN 0 AND revision)
        ) STRICT;
        INSERT INTO store (id, revision, compacted) VALUES (1, 0, 0);
        CREATE TABLE document (
            key TEXT NOT NULL PRIMARY KEY
                CHECK (length(key) BETWEEN 3 AND \(StoreLimits.keyBytes)),
            generation INTEGER NOT NULL CHECK (generation > 0),
            value BLOB NOT NULL
        ) STRICT;
        CREATE TABLE change (
            position INTEGER NOT NULL PRIMARY KEY,
            revision INTEGER NOT NULL
                GENERATED ALWAYS AS (position / \(StoreLimits.changesPerRevision)) VIRTUAL,
            key TEXT NOT NULL,
            value BLOB -- null: deleted
        ) STRICT;
        """
}
