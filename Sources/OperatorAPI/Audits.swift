import ComputeModel
import Conductor
import RequestPipeline

extension OperatorService {
    /// What disagrees; with `hosts=true` also with what hosts have.
    func showAudit(_ request: APIRequest) async throws -> APIResponse {
        let query = try QueryCheck(request, known: ["hosts"], noun: .configuration)
        return try await audit(hosts: try query.flag("hosts") ?? false, repair: false)
    }

    /// The same, and mends what is safe to mend.
    func repair(_ request: APIRequest) async throws -> APIResponse {
        var body = try BodyReader(
            try await request.json(), path: "audit", noun: .configuration)
        let hosts = try body.bool("hosts") ?? false
        let repair = try body.bool("repair") ?? false
        try body.finish()
        return try await audit(hosts: hosts, repair: repair)
    }

    private func audit(hosts: Bool, repair: Bool) async throws -> APIResponse {
        let findings = try await conductor.audit.findings(asksHosts: hosts, repairs: repair)
        return .ok([
            "findings": .array(
                findings.map { finding in
                    [
                        "kind": .string(finding.kind.rawValue),
                        "object": .string(finding.object), "detail": .string(finding.detail),
                        "repair": .optional(finding.repair),
                    ]
                })
        ])
    }
}
