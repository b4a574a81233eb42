/// Why a database said no to one operation of a transaction (RFC 7047, sections 4.1.3 and 5.2).
public struct OVSDBOperationError: Error, Hashable, Sendable {
    /// The error tags a server may send.
    public enum Kind: Hashable, Sendable {
        case constraintViolation
        case referentialIntegrityViolation
        case aborted
        /// A `wait` whose condition didn't come true in its time; with time 0, a failed guard.
        case timedOut
        case resourcesExhausted
        case ioError
        case duplicateUUIDName
        case domainError
        case rangeError
        case notOwner
        case notSupported
        /// The server can't make sense of the operation (a wrong table, column or type).
        case syntaxError
        /// A tag that is not listed here, as received.
        case other(String)

        init(tag: String) {
            switch tag {
            case "constraint violation": self = .constraintViolation
            case "referential integrity violation": self = .referentialIntegrityViolation
            case "aborted": self = .aborted
            case "timed out": self = .timedOut
            case "resources exhausted": self = .resourcesExhausted
            case "I/O error": self = .ioError
            case "duplicate uuid-name": self = .duplicateUUIDName
            case "domain error": self = .domainError
            case "range error": self = .rangeError
            case "not owner": self = .notOwner
            case "not supported": self = .notSupported
            case "syntax error", "unknown table", "unknown column": self = .syntaxError
            default: self = .other(tag)
            }
        }
    }

    /// The short word of RFC 7047, such as `constraint violation`.
    public let kind: Kind
    /// The server's own words; empty when it gave none.
    public let details: String

    /// An error as the server names it.
    public init(kind: Kind, details: String) {
        self.kind = kind
        self.details = details
    }
}

/// Everything that can go wrong between this client and an OVSDB server.
public enum OVSDBError: Error, Hashable, Sendable {
    /// The text isn't `unix:PATH` or `tcp:HOST:PORT`.
    case invalidAddress(String)
    /// No connection within the time allowed, or refused.
    case connectFailed(address: OVSDBAddress, reason: String)
    /// The connection ended while it was in use; whether a transaction in flight was committed
    /// is unknown.
    case connectionLost(address: OVSDBAddress, reason: String)
    /// The connection was closed by this side.
    case connectionClosed(address: OVSDBAddress)
    /// No answer in time; whether a transaction was committed is unknown.
    case callTimedOut(method: String, timeout: Duration)
    /// The calling task was cancelled; whether a transaction was committed is unknown.
    case callCancelled(method: String)
    /// The server sent more than the limit as one message; the connection is given up.
    case messageTooLarge(limitBytes: Int)
    /// Something that isn't OVSDB, from either side.
    case malformedMessage(detail: String)
    /// The server answered the whole call with an error.
    case callRejected(method: String, reason: String)
    /// One operation of a transaction failed, and nothing was committed. `index` counts from 0;
    /// at the number of operations sent, the commit itself failed.
    case operationFailed(index: Int, operation: String, error: OVSDBOperationError)
    /// The reader of a monitor left more updates unread than the limit, and the monitor ended.
    case monitorOverrun(limit: Int)
}

extension OVSDBError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidAddress(let text):
            "can't use OVSDB address '\(text)': give unix:PATH or tcp:HOST:PORT"
        case .connectFailed(let address, let reason):
            "can't connect to the OVSDB server at \(address): \(reason); is ovsdb-server running?"
        case .connectionLost(let address, let reason):
            "lost the connection to the OVSDB server at \(address): \(reason)"
        case .connectionClosed(let address):
            "the connection to the OVSDB server at \(address) is closed"
        case .callTimedOut(let method, let timeout):
            "OVSDB call '\(method)' got no answer within \(timeout)"
        case .callCancelled(let method):
            "OVSDB call '\(method)' was cancelled before its answer"
        case .messageTooLarge(let limitBytes):
            "an OVSDB message is longer than the limit of \(limitBytes) bytes"
        case .malformedMessage(let detail):
            "not an OVSDB message: \(detail)"
        case .callRejected(let method, let reason):
            "the OVSDB server rejected '\(method)': \(reason)"
        case .operationFailed(let index, let operation, let error):
            "OVSDB operation \(index) (\(operation)) failed, nothing was committed: "
                + "\(error.kind): \(error.details)"
        case .monitorOverrun(let limit):
            "an OVSDB monitor ended: more than \(limit) updates were left unread"
        }
    }
}
