import ComputeModel
import HTTPTypes

extension DomainError {
    /// The HTTP status of services that have no statuses of their own for some errors. The
    /// compute, network and image services do, and choose in their fault styles.
    public var usualStatus: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .conflict: .conflict
        case .forbidden, .overQuota: .forbidden
        case .unauthenticated: .unauthorized
        case .tooLarge: .contentTooLarge
        case .notImplemented: .notImplemented
        case .unavailable: .serviceUnavailable
        case .internalFailure: .internalServerError
        }
    }
}
