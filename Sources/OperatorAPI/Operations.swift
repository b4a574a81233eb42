import ComputeModel
import Conductor
import Persistence
import RequestPipeline
import Workflow

extension OperatorService {
    /// Operations in a list unless the request says how many.
    private static let pageDefault = 100

    func listOperations(_ request: APIRequest) throws -> APIResponse {
        let query = try QueryCheck(
            request, known: ["kind", "subject", "status", "limit"], noun: .workflow)
        let status = try query.choice("status", of: WorkflowStatus.allCases)
        let kind = query.text("kind")
        let subject = query.text("subject")
        let limit = try query.number(
            "limit", in: 1...request.limits.pageItemsMax,
            otherwise: min(Self.pageDefault, request.limits.pageItemsMax))
        let records = try conductor.context.documents.list(WorkflowRecord.self).map(\.value)
            .filter { record in
                (status == nil || record.status == status)
                    && (kind == nil || record.kind == kind)
                    && (subject == nil || record.subject == subject)
            }
            .sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
        return .ok(["operations": .array(records.prefix(limit).map { OperationJSON($0).value })])
    }

    func showOperation(_ request: APIRequest) throws -> APIResponse {
        .ok(OperationJSON(try operation(request)).value)
    }

    func operation(_ request: APIRequest) throws -> WorkflowRecord {
        let id = request.parameter("operation")
        let found = try conductor.context.documents.list(WorkflowRecord.self, prefix: id)
            .first { $0.value.id == id }
        guard let found else { throw DomainError.notFound(.workflow, String(id.prefix(64))) }
        return found.value
    }
}

/// An operation as this API shows it.
struct OperationJSON {
    private let record: WorkflowRecord

    init(_ record: WorkflowRecord) { self.record = record }

    var value: JSONValue {
        [
            "id": .string(record.id), "kind": .string(record.kind),
            "subject": .string(record.subject), "status": .string(record.status.rawValue),
            "request_id": .string(record.requestID),
            "cancel_requested": .bool(record.isCancelRequested),
            "failure": Self.failure(record.failure),
            "stuck_reason": Self.failure(record.stuckReason),
            "steps": .array(record.steps.map(Self.step)),
            "created_at": APITime.text(record.createdAt),
            "updated_at": APITime.text(record.updatedAt),
        ]
    }

    private static func step(_ step: StepRecord) -> JSONValue {
        [
            "name": .string(step.name), "status": .string(step.status.rawValue),
            "started_at": APITime.optional(step.startedAt),
            "finished_at": APITime.optional(step.finishedAt),
            "duration_ms": APITime.span(step.startedAt, step.finishedAt),
            "attempts": .int(step.attempts), "undo_attempts": .int(step.undoAttempts),
            "error": failure(step.error),
        ]
    }

    private static func failure(_ failure: WorkflowFailure?) -> JSONValue {
        guard let failure else { return .null }
        return ["code": .string(failure.code), "message": .string(failure.message)]
    }
}
