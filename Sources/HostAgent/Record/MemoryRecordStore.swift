import Synchronization

/// A record that lives as long as the process: for simulated hosts and tests.
public final class MemoryRecordStore: LocalRecordStore {
    private let record: Mutex<LocalRecord?>

    /// Starts with `record`, or with nothing.
    public init(_ record: LocalRecord? = nil) {
        self.record = Mutex(record)
    }

    /// The record as saved last.
    public func load() async throws(LocalRecordError) -> LocalRecord? { current }

    /// Replaces the record.
    public func save(_ record: LocalRecord) async throws(LocalRecordError) {
        self.record.withLock { $0 = record }
    }

    /// The record as saved last, for those who can't wait.
    public var current: LocalRecord? { record.withLock { $0 } }
}
