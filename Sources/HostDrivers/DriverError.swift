/// What went wrong in a driver, in words for operators.
public struct DriverFault: Sendable, Equatable {
    /// What was attempted, such as `define the domain`.
    public var operation: String
    /// On which object, with its id, such as `guest 3f0c...`.
    public var object: String
    /// What was found or answered.
    public var found: String
    /// What the operator can do; "" when there is nothing but waiting.
    public var advice: String

    /// A fault; see the fields.
    public init(operation: String, object: String, found: String, advice: String = "") {
        self.operation = operation
        self.object = object
        self.found = found
        self.advice = advice
    }
}

/// Every way in which a driver call can end badly. Closed, so that the agent decides by the case
/// and never by a message's words.
public enum DriverError: Error, Sendable, Equatable {
    /// The object isn't on this host (a device that vanished, a domain that is not defined).
    case notFound(DriverFault)
    /// The request was understood and can't be granted: wrong MAC, below a minimum, a bad image,
    /// no space. Repeating it gives the same answer.
    case refused(DriverFault)
    /// No answer within the operation's bound; it may or may not have taken effect.
    case timedOut(DriverFault)
    /// A daemon that the driver needs (`libvirtd`, `ovsdb-server`, the control plane) is away.
    case unavailable(daemon: String, DriverFault)
    /// Anything else that the system below reported.
    case failed(DriverFault)
    /// The calling task was cancelled; nothing half-made is visible under a final name.
    case cancelled(DriverFault)

    /// Whether the same call may succeed later without anybody changing anything.
    public var isTransient: Bool {
        switch self {
        case .timedOut, .unavailable, .failed, .cancelled: true
        case .notFound, .refused: false
        }
    }

    /// The fault that every case carries.
    public var fault: DriverFault {
        switch self {
        case .notFound(let fault), .refused(let fault), .timedOut(let fault),
            .unavailable(_, let fault), .failed(let fault), .cancelled(let fault):
            fault
        }
    }
}

extension DriverError: CustomStringConvertible {
    /// One or two sentences for operators.
    public var description: String {
        let kind =
            switch self {
            case .notFound: "not found"
            case .refused: "refused"
            case .timedOut: "timed out"
            case .unavailable(let daemon, _): "\(daemon) is unavailable"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        let what = "Could not \(fault.operation) (\(fault.object)): \(kind): \(fault.found)."
        return fault.advice.isEmpty ? what : "\(what) \(fault.advice)."
    }
}
