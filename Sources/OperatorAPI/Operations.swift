import ComputeModel
import Conductor
import JSON
import RequestPipeline
import Workflow

extension OperatorService {
    func listOperations(_ request: APIRequest) throws -> APIResponse {
        let query = try QueryCheck(
            request, known: ["kind", "subject", "server", "status", "running", "limit"],
            noun: .workflow)
        let stored = conductor.readModel()
        let status = try query.choice("status", of: WorkflowStatus.allCases)
        let running = try query.flag("running")
        let kind = query.text("kind")
        let subject = query.text("subject")
        let servers = try query.text("server").map { try stored.instanceIDs(namedOr: $0) }
        let limit = try query.page(request.limits)
        let records = try stored.operations()
            .filter { record in
                (status == nil || record.status == status)
                    && (running == nil || record.status.isFinished != running)
                    && (kind == nil || record.kind == kind)
                    && (subject == nil || record.subject == subject)
                    && (servers?.contains(record.subject) ?? true)
            }
            .sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
        return .ok([
            "operations": .array(
                try records.prefix(limit).map { try OperationJSON($0, stored).value })
        ])
    }

    func showOperation(_ request: APIRequest) throws -> APIResponse {
        .ok(try OperationJSON(try operation(request), conductor.readModel()).value)
    }

    func operation(_ request: APIRequest) throws -> WorkflowRecord {
        let id = request.parameter("operation")
        guard let found = try conductor.readModel().operation(id) else {
            throw DomainError.notFound(.workflow, String(id.prefix(64)))
        }
        return found
    }
}

/// An operation as this API shows it.
struct OperationJSON {
    private let record: WorkflowRecord
    private let serverName: String?

    init(_ record: WorkflowRecord, serverName: String? = nil) {
        self.record = record
        self.serverName = serverName
    }

    /// With the name of the server that it is about, if that is known.
    init(_ record: WorkflowRecord, _ stored: ReadModel) throws {
        let server = try stored.instance(InstanceID(record.subject))
        self.init(record, serverName: server?.name)
    }

    var value: JSONValue {
        [
            "id": .string(record.id), "kind": .string(record.kind),
            "subject": .string(record.subject), "server_name": .optional(serverName),
            "status": .string(record.status.rawValue),
            "request_id": .string(record.requestID),
            "cancel_requested": .bool(record.isCancelRequested),
            "failure": Self.failure(record.failure),
            "stuck_reason": Self.failure(record.stuckReason),
            "steps": .array(record.steps.map(Self.step)),
            "created_at": APITime.text(record.createdAt),
            "updated_at": APITime.text(record.updatedAt),
            "duration_ms": APITime.span(
                record.createdAt, record.status.isFinished ? record.updatedAt : nil),
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
