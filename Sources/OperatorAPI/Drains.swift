import ComputeModel
import Conductor
import Foundation
import RequestPipeline

extension OperatorService {
    /// Most moves that one drain keeps under way.
    private static let parallelMax = 64

    /// Begins as many moves off a host as are missing, and tells how far it is. Asked again until
    /// nothing remains; `started_at` of the first answer is given back as `since`.
    func drainHost(_ request: APIRequest) async throws -> APIResponse {
        let host = try find(host: request.parameter("host")).host
        var body = try BodyReader(try await request.json(), path: "drain", noun: .host)
        let parallel = try body.integer("parallel", in: 1...Self.parallelMax) ?? 1
        let cold = try body.bool("cold") ?? false
        let since = try body.integer("since_ms", in: 0...Int.max)
        try body.finish()
        let now = conductor.context.now()
        let start = since.map { Date(timeIntervalSince1970: Double($0) / 1_000) } ?? now
        let progress = try await conductor.drains.advance(
            host.id, parallel: parallel, since: start, cold: cold, request.caller)
        return .ok([
            "host": .string(host.name),
            "since_ms": .int(since ?? Int(now.timeIntervalSince1970 * 1_000)),
            "remaining": .int(progress.remaining), "moving": .int(progress.moving),
            "begun": .int(progress.begun),
            "blocked": .array(
                progress.blocked.map { blocked in
                    [
                        "id": .string(blocked.instanceID.text), "name": .string(blocked.name),
                        "reason": .string(blocked.reason),
                    ]
                }),
        ])
    }
}
