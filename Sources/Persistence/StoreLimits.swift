/// Every bound of a store. The defaults stay within what etcd accepts by default, so that a
/// document that fits one engine fits the other.
public struct StoreLimits: Sendable, Equatable {
    /// Longest key, in bytes.
    public static let keyBytes = 512
    /// Most changes one revision can have; a revision and the place of a change in it share one
    /// 64-bit number in the SQLite history.
    static let changesPerRevision: Int64 = 1024

    /// Largest value of one document, in bytes.
    public var valueBytes = 1 << 20
    /// Largest sum of values written by one transaction, in bytes (etcd: 1.5 MiB a request).
    public var transactionBytes = 5 << 18
    /// Most conditions, and most writes, in one transaction (etcd: 128). At most 1024.
    public var transactionOperations = 128
    /// Transactions waiting for the writer; one more is refused as overloaded.
    public var queuedTransactions = 4096
    /// Transactions made durable by one flush to disk (group commit).
    public var batchTransactions = 256
    /// Revisions whose changes are kept for watchers; older history is compacted away.
    public var historyRevisions = 10_000
    /// Revisions by which history may outgrow its bound before it is trimmed (amortises the work).
    public var historySlackRevisions = 1000
    /// Recent events held in memory for watchers, at most this many ...
    public var recentEvents = 1024
    /// ... and at most this many bytes of values.
    public var recentBytes = 4 << 20
    /// Seconds to wait for a lock inside SQLite (a backup tool reading the file, say).
    public var busyTimeoutSeconds = 5

    /// The defaults.
    public init() {}
}
