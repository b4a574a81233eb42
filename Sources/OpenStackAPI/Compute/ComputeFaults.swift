import ComputeModel
import HTTPTypes
import RequestPipeline

/// How the compute service says no: `{"<kind>": {"code": N, "message": "..."}}`.
struct ComputeFaults: FaultStyle {
    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        let (status, kind) = Self.kind(error)
        if case .unauthenticated(let message) = error {
            return .json(
                status,
                ["error": ["code": 401, "title": "Unauthorized", "message": .string(message)]]
            )
        }
        return .json(
            status,
            .object([
                .init(
                    kind,
                    [
                        "code": .int(Int(status.code)), "message": .string(Self.message(error)),
                    ])
            ])
        ).header("x-compute-request-id", context.requestID.text)
    }

    /// Status and name of each error. Chosen here and nowhere else.
    static func kind(_ error: DomainError) -> (HTTPResponse.Status, String) {
        switch error {
        case .notFound: (.notFound, "itemNotFound")
        case .invalid: (.badRequest, "badRequest")
        case .conflict: (.conflict, "conflictingRequest")
        case .forbidden, .overQuota: (.forbidden, "forbidden")
        case .unauthenticated: (.unauthorized, "unauthorized")
        case .tooLarge: (.contentTooLarge, "overLimit")
        case .notImplemented: (.notImplemented, "notImplemented")
        case .unavailable: (.serviceUnavailable, "serviceUnavailable")
        case .internalFailure: (.internalServerError, "computeFault")
        }
    }

    /// Nova calls servers instances in its messages, and compute hosts so.
    private static func message(_ error: DomainError) -> String {
        switch error {
        case .notFound(.server, let id): "Instance \(id) could not be found."
        case .notFound(.serverGroup, let id): "Instance group \(id) could not be found."
        case .notFound(.host, let name): "Compute host \(name) could not be found."
        case .notFound(.request, _): "The resource could not be found."
        default: "\(error)"
        }
    }
}
