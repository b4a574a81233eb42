/// What libvirt said when a call failed.
public struct LibvirtFailure: Sendable, Equatable {
    /// What was attempted, such as "define domain".
    public let operation: String
    /// On what: a domain's uuid, a device's name, a connection's URI.
    public let object: String
    /// libvirt's `virErrorNumber`; 0 if libvirt left no error behind.
    public let code: Int32
    /// libvirt's `virErrorDomain`: which part of it failed.
    public let domain: Int32
    /// libvirt's own words; for people, never for decisions.
    public let message: String
}

/// Everything that can go wrong between Millrace and libvirt.
public enum LibvirtError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No connection could be made.
    case cannotConnect(LibvirtFailure)
    /// The connection broke: the call may or may not have been carried out. Open a new one and
    /// read the state anew.
    case connectionLost(LibvirtFailure)
    /// The connection was closed by this program before or during the call.
    case closed(operation: String, object: String)
    /// No answer in time: the call may still be carried out.
    case timedOut(operation: String, object: String, limit: Duration)
    /// The calling task was cancelled: the call may still be carried out.
    case cancelled(operation: String, object: String)
    /// There is no such domain.
    case noDomain(LibvirtFailure)
    /// There is no such node device; it may just have disappeared.
    case noNodeDevice(LibvirtFailure)
    /// The device to detach or update isn't part of the domain.
    case deviceMissing(LibvirtFailure)
    /// The domain's state doesn't allow it, such as starting what already runs.
    case invalidState(LibvirtFailure)
    /// libvirt doesn't accept the document.
    case invalidDocument(LibvirtFailure)
    /// This driver or version can't do it.
    case unsupported(LibvirtFailure)
    /// libvirt gave a document that can't be read.
    case unreadable(operation: String, object: String, XMLError)
    /// Any other refusal.
    case other(LibvirtFailure)

    /// One line: the attempt, the object, what libvirt said, what can be done.
    public var description: String {
        switch self {
        case .cannotConnect(let failure):
            failure.sentence + "; check that libvirt runs and that its socket may be opened"
        case .connectionLost(let failure): failure.sentence + "; the connection is lost"
        case .closed(let operation, let object):
            "\(operation) \(object): the connection is closed"
        case .timedOut(let operation, let object, let limit):
            "\(operation) \(object): no answer in \(limit); it may still be carried out"
        case .cancelled(let operation, let object):
            "\(operation) \(object): cancelled; it may still be carried out"
        case .unreadable(let operation, let object, let error):
            "\(operation) \(object): \(error)"
        case .noDomain(let failure), .noNodeDevice(let failure), .deviceMissing(let failure),
            .invalidState(let failure), .invalidDocument(let failure), .unsupported(let failure),
            .other(let failure):
            failure.sentence
        }
    }
}

extension LibvirtFailure {
    fileprivate var sentence: String {
        "\(operation) \(object): libvirt says \"\(message)\" (code \(code), domain \(domain))"
    }
}
