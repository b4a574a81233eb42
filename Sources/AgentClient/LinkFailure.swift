import AgentProtocol
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// What failures of the transport mean to an agent.
enum LinkFailure {
    /// Certificates that don't fit are a refusal: asking again at once won't help. Everything
    /// else that goes wrong on the way means that the server can't be reached now.
    static func linkError(
        _ error: any Error, _ endpoint: ServerEndpoint
    ) -> AgentLinkError {
        switch error {
        case let error as AgentLinkError:
            return error
        case let error as ImageUpload.SourceFailure:
            return .receiverFailed("\(error.cause)")
        case let error as HTTPClientError where error == .bodyLengthMismatch:
            return .receiverFailed("there were not as many bytes as announced")
        case is CancellationError:
            return .unreachable("the call to \(endpoint) was cancelled")
        case let error as NIOSSLError:
            return tlsError(error, endpoint)
        case let error as BoringSSLError:
            // The alert by which a TLS 1.3 server turns a client's certificate down comes after
            // the client's own part of the handshake.
            if case .sslError = error { return certificates(endpoint, error) }
            return .unreachable("\(endpoint): \(error)")
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return .refused(
                "the certificate of the server at \(endpoint) is not for '\(endpoint.host)': dial"
                    + " a name that it carries, or have that name added to it")
        case is NIOTooManyBytesError:
            return .garbled("the answer of \(endpoint) is larger than what is read")
        case HTTPParserError.invalidEOFState:
            return .unreachable("\(endpoint) broke the answer off")
        case is HTTPParserError:
            return .garbled("what answers at \(endpoint) doesn't speak HTTP: \(error)")
        default:
            return .unreachable("\(endpoint): \(error)")
        }
    }

    private static func tlsError(
        _ error: NIOSSLError, _ endpoint: ServerEndpoint
    ) -> AgentLinkError {
        switch error {
        case .handshakeFailed(.sslError(let stack)) where !stack.contains(.eofDuringHandshake):
            certificates(endpoint, error)
        case .unableToValidateCertificate, .noCertificateToValidate:
            certificates(endpoint, error)
        default:
            .unreachable("\(endpoint): \(error)")
        }
    }

    private static func certificates(
        _ endpoint: ServerEndpoint, _ error: any Error
    ) -> AgentLinkError {
        .refused(
            "\(endpoint) and this host don't accept each other's certificates (another CA, or"
                + " expired): let the host join again. TLS says: \(error)")
    }
}
