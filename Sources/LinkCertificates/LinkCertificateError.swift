/// What can go wrong with the certificates of the link between agents and server. Every message
/// names the object, what was found and what to do.
public enum LinkCertificateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A certificate, key, signing request or token can't be read.
    case unreadable(String)
    /// It can be read and is not what is needed here.
    case unsuitable(String)
    /// A join token doesn't let this host in.
    case joinRefused(String)
    /// A file can't be read or written, or others may read a key.
    case fileFailed(String)
    /// A certificate could not be made.
    case issuingFailed(String)

    /// One sentence for operators.
    public var description: String {
        switch self {
        case .unreadable(let why), .unsuitable(let why), .joinRefused(let why),
            .fileFailed(let why), .issuingFailed(let why):
            why
        }
    }
}
