/// What can go wrong in this layer. Every description says what was found and what to do.
public enum StoreError: Error, Sendable, Equatable {
    // What the caller asked for.
    /// Conditions that didn't hold; nothing was written. Read again and decide again.
    case conflict(failed: [Condition])
    case invalidKey(String, reason: String)
    case invalidTransaction(reason: String)
    case valueTooLarge(DocumentKey, bytes: Int, limit: Int)
    case transactionTooLarge(operations: Int, bytes: Int)
    /// A watch began before the oldest change still kept.
    case compacted(requested: Int64, oldest: Int64)
    /// Too many transactions are waiting; nothing was written. Try again later.
    case overloaded(queued: Int)
    case closed
    case cancelled

    // The typed layer.
    /// A type was used that the document store wasn't opened with.
    case unregistered(collection: String)
    case encoding(DocumentKey, detail: String)
    case decoding(DocumentKey, version: Int?, detail: String)
    /// Written by a newer release than this one.
    case newerVersion(DocumentKey, found: Int, supported: Int)
    case absent(DocumentKey)
    /// A bounded number of attempts all met a conflict.
    case contended(DocumentKey, attempts: Int)
    /// What was waited for didn't come about in time.
    case timedOut(waitingFor: String, after: Duration)

    // The machine. After one of these a transaction may or may not have been applied: read again.
    case locked(path: String, detail: String)
    case diskFull(path: String, detail: String)
    case inputOutput(path: String, detail: String)
    case corrupt(path: String, detail: String)
    case cannotOpen(path: String, detail: String)
    /// The database refused the setting that makes a commit durable.
    case notDurable(path: String, detail: String)
    case database(path: String, detail: String)
    /// A remote engine can't be reached.
    case unavailable(endpoint: String, detail: String)
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        requestDescription ?? documentDescription ?? machineDescription
    }

    private var requestDescription: String? {
        switch self {
        case .conflict(let failed):
            "transaction not applied: changed meanwhile: "
                + failed.map(\.key.rawValue).joined(separator: ", ") + "; read again and retry"
        case .invalidKey(let key, let reason):
            "document key \"\(key.prefix(StoreLimits.keyBytes))\" is not valid: \(reason)"
        case .invalidTransaction(let reason):
            "transaction refused: \(reason)"
        case .valueTooLarge(let key, let bytes, let limit):
            "document \(key) refused: \(bytes) bytes, the limit is \(limit)"
        case .transactionTooLarge(let operations, let bytes):
            "transaction refused: \(operations) operations with \(bytes) bytes pass the limits;"
                + " split it"
        case .compacted(let requested, let oldest):
            "changes after revision \(requested) are no longer kept (oldest: after \(oldest));"
                + " list again and watch from there"
        case .overloaded(let queued):
            "the store is overloaded: \(queued) transactions are waiting; try again later"
        case .closed: "the store is closed"
        case .cancelled: "cancelled before it was done"
        default: nil
        }
    }

    private var documentDescription: String? {
        switch self {
        case .unregistered(let collection):
            "collection \"\(collection)\" is not among the types the document store was opened with"
        case .encoding(let key, let detail):
            "document \(key) can't be encoded: \(detail)"
        case .decoding(let key, let version, let detail):
            "stored document \(key) (version \(version.map(String.init) ?? "unknown"))"
                + " can't be decoded: \(detail); restore it from a backup or report this"
        case .newerVersion(let key, let found, let supported):
            "stored document \(key) has version \(found), this release knows up to \(supported);"
                + " run the newer release again, or restore the backup made before it"
        case .absent(let key):
            "document \(key) does not exist"
        case .contended(let key, let attempts):
            "document \(key) was changed by others in each of \(attempts) attempts; try again later"
        case .timedOut(let subject, let duration):
            "\(subject) did not come about within \(duration)"
        default: nil
        }
    }

    private var machineDescription: String {
        switch self {
        case .locked(let path, let detail):
            "\(path) is in use (\(detail)): another server runs on this state; stop it first"
        case .diskFull(let path, let detail):
            "no space left for \(path) (\(detail)): free some space on that file system"
        case .inputOutput(let path, let detail):
            "reading or writing \(path) failed (\(detail)): check the disk and the kernel log"
        case .corrupt(let path, let detail):
            "\(path) is damaged (\(detail)): keep a copy and restore the last backup"
        case .cannotOpen(let path, let detail):
            "\(path) can't be opened (\(detail)): check that its folder exists and is writable"
        case .notDurable(let path, let detail):
            "\(path) can't be made durable (\(detail)): refusing to run on it"
        case .database(let path, let detail):
            "the database \(path) failed (\(detail))"
        case .unavailable(let endpoint, let detail):
            "the store at \(endpoint) can't be reached (\(detail))"
        default: "store error"
        }
    }
}
