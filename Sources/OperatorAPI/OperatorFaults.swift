import ComputeModel
import HTTPTypes
import RequestPipeline

/// How the operators' API says no: `{"error": {"code", "message", "request_id"}}`.
struct OperatorFaults: FaultStyle {
    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        let status = error.usualStatus
        return .json(
            status,
            [
                "error": [
                    "code": .int(Int(status.code)), "message": .string(Self.message(error)),
                    "request_id": .string(context.requestID.text),
                ]
            ])
    }

    private static func message(_ error: DomainError) -> String {
        guard case .notFound(let noun, let name) = error else { return "\(error)" }
        switch noun {
        case .fleet:
            return "This server drives real hosts: it has no simulated ones to list or change."
        case .request: return "\(name) is no address of this API."
        default: return "There is no \(noun.rawValue) '\(name)'."
        }
    }
}
