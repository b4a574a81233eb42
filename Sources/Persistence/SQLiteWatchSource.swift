import GRDB

/// Events from memory, or from the history table for those who are behind.
struct SQLiteWatchSource: StoreWatchSource {
    /// Revisions read from the history at once.
    static let pageRevisions: Int64 = 256

    let pool: DatabasePool
    let path: String
    let feed: ChangeFeed

    func events(after revision: Int64) async throws(StoreError) -> [StoreEvent]? {
        while true {
            switch feed.answer(after: revision) {
            case .events(let events): return events
            case .older: return try await history(after: revision)
            case .upToDate:
                guard try await feed.waitForEvent(after: revision) else { return nil }
            }
        }
    }

    private func history(after revision: Int64) async throws(StoreError) -> [StoreEvent]? {
        do {
            return try await pool.read { db in
                let compacted = try SQLiteRows.revision(db).compacted
                guard revision >= compacted else {
                    throw StoreError.compacted(requested: revision, oldest: compacted)
                }
                return try SQLiteRows.events(
                    after: revision, count: Self.pageRevisions, db)
            }
        } catch {
            let failure = StoreError(error, path: path)
            // Closed while reading on: that is how a watch ends.
            if failure == .closed { return nil }
            throw failure
        }
    }
}
