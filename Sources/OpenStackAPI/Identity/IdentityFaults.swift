import ComputeModel
import HTTPTypes
import RequestPipeline

/// The identity service's way to say no: `{"error": {"code", "message", "title"}}`.
struct IdentityFaults: FaultStyle {
    /// Told to clients with a 401; nil when no address is configured.
    var authenticateURL: String?

    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        let status = error.usualStatus
        let response = APIResponse.json(
            status,
            [
                "error": [
                    "code": .int(Int(status.code)), "message": .string(Self.message(error)),
                    "title": .string(status.reasonPhrase),
                ]
            ]
        ).header("Vary", "X-Auth-Token")
        guard status == .unauthorized, let authenticateURL else { return response }
        return response.header("WWW-Authenticate", "Keystone uri=\"\(authenticateURL)\"")
    }

    private static func message(_ error: DomainError) -> String {
        guard case .notFound(let noun, let name) = error, noun != .request else {
            return error.description
        }
        return "Could not find \(noun.rawValue): \(name)."
    }
}
