import ComputeModel
import Conductor
import JSON
import RequestPipeline

extension ComputeService {
    var instanceActionRoutes: [Route] {
        [
            route(.get, "/servers/{id}/os-instance-actions", .reader, listActions),
            route(.get, "/servers/{id}/os-instance-actions/{request}", .reader, showAction),
        ]
    }

    private func listActions(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request, deleted: true)
        let actions = try conductor.actions.list(instance.id)
        return .ok([
            "instanceActions": .array(
                actions.map { .object(summary($0, request.version)) })
        ])
    }

    private func showAction(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request, deleted: true)
        let id = APIRequestID(request.parameter("request"))
        guard let action = try conductor.actions.show(instance.id, id) else {
            throw DomainError.notFound(.action, id.text)
        }
        var members = summary(action, request.version)
        let caller = try request.caller()
        if caller.isAdmin || request.version >= .eventsForOwners {
            let events = action.events.reversed().map { event($0, action, caller, request) }
            members.append(.init("events", .array(events)))
        }
        return .ok(["instanceAction": .object(members)])
    }

    private func summary(
        _ action: InstanceAction, _ version: Microversion
    ) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("action", .string(action.action)),
            .init("instance_uuid", .string(action.instanceID.text)),
            .init("request_id", .string(action.requestID.text)),
            .init("user_id", .string(action.userID.text)),
            .init("project_id", .string(action.projectID.text)),
            .init("start_time", .string(APITime.micros(action.startedAt))),
            .init("message", .optional(action.message)),
        ]
        if version >= .actionsUpdatedAt {
            members.append(.init("updated_at", .string(APITime.micros(action.updatedAt))))
        }
        return members
    }

    private func event(
        _ event: InstanceActionEvent, _ action: InstanceAction, _ caller: Caller,
        _ request: ComputeRequest
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("event", .string(event.name)),
            .init("start_time", .string(APITime.micros(event.startedAt))),
            .init("finish_time", .optional(event.finishedAt.map(APITime.micros))),
            .init("result", .optional(event.result)),
        ]
        if caller.isAdmin { members.append(.init("traceback", .optional(event.trace))) }
        if request.version >= .eventHost {
            if caller.isAdmin { members.append(.init("host", .optional(event.hostName))) }
            members.append(
                .init(
                    "hostId",
                    .string(
                        ServerViews.hostID(
                            project: action.projectID, hostName: event.hostName))))
        }
        if request.version >= .eventDetails {
            members.append(.init("details", .optional(event.details)))
        }
        return .object(members)
    }
}
