import GRDB

extension StoreError {
    /// The typed form of whatever SQLite or GRDB threw while working on `path`.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError:
            self = error
        case is CancellationError:
            self = .cancelled
        case let error as DatabaseError:
            self.init(error, path: path)
        default:
            self = .database(path: path, detail: String(describing: error))
        }
    }

    private init(_ error: DatabaseError, path: String) {
        // Values are not part of it: GRDB keeps bound arguments out of its messages.
        let detail = "\(error.resultCode.rawValue): \(error.message ?? "no message")"
        switch error.resultCode {
        case .SQLITE_FULL: self = .diskFull(path: path, detail: detail)
        case .SQLITE_IOERR: self = .inputOutput(path: path, detail: detail)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(path: path, detail: detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(path: path, detail: detail)
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            self = .cannotOpen(path: path, detail: detail)
        case .SQLITE_MISUSE: self = .closed
        case .SQLITE_INTERRUPT, .SQLITE_ABORT: self = .cancelled
        default: self = .database(path: path, detail: detail)
        }
    }
}
