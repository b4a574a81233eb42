import ComputeModel
import Conductor
import JSON
import RequestPipeline

extension ComputeService {
    var serverGroupRoutes: [Route] {
        [
            route(.get, "/os-server-groups", .reader, listServerGroups),
            route(.post, "/os-server-groups", .member, createServerGroup),
            route(.get, "/os-server-groups/{id}", .reader, showServerGroup),
            route(.delete, "/os-server-groups/{id}", .member) { request in
                try await conductor.serverGroups.delete(
                    ServerGroupID(request.parameter("id")), request.caller())
                return APIResponse(.noContent)
            },
        ]
    }

    private func listServerGroups(_ request: ComputeRequest) throws -> APIResponse {
        let caller = try request.caller()
        let all = try conductor.serverGroups.list(
            caller, allProjects: request.request.query("all_projects") != nil)
        let offset = try number(request, "offset") ?? 0
        let limit = min(
            try number(request, "limit") ?? .max, request.request.limits.pageItemsMax)
        let members = try conductor.serverGroups.members()
        let views = all.dropFirst(offset).prefix(limit).map {
            view($0, members[$0.id] ?? [], caller, request.version)
        }
        return .ok(["server_groups": .array(views)])
    }

    private func number(
        _ request: ComputeRequest, _ key: String
    ) throws(DomainError) -> Int? {
        guard let text = request.request.query(key) else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw .invalid(
                .serverGroup, field: key,
                "Invalid input for query parameters \(key). Value: \(text.prefix(32)).")
        }
        return number
    }

    private func showServerGroup(_ request: ComputeRequest) throws -> APIResponse {
        let caller = try request.caller()
        let group = try conductor.serverGroups.show(
            ServerGroupID(request.parameter("id")), caller)
        let members = try conductor.serverGroups.members()[group.id] ?? []
        return .ok(["server_group": view(group, members, caller, request.version)])
    }

    private func createServerGroup(_ request: ComputeRequest) async throws -> APIResponse {
        let caller = try request.caller()
        let wish = try Self.serverGroup(await request.request.json(), request.version)
        let group = try await conductor.serverGroups.create(wish, caller)
        return .ok(["server_group": view(group, [], caller, request.version)])
    }

    private static func serverGroup(
        _ json: JSONValue, _ version: Microversion
    ) throws(DomainError) -> ServerGroupRequest {
        var outer = try BodyReader(json, path: "", noun: .serverGroup)
        guard var body = try outer.object("server_group") else {
            throw outer.missing("server_group")
        }
        try outer.finish()
        let name = try body.requiredString("name", length: 1...255)
        guard name.contains(where: { !$0.isWhitespace }) else {
            throw body.invalid("name", "it is blank.")
        }
        var wish = ServerGroupRequest(name: name, policy: .affinity)
        if version >= .serverGroupRules {
            wish.policy = try policy(
                body.requiredString("policy"), body, version, field: "policy")
            if var rules = try body.object("rules") {
                wish.maxServersPerHost = try rules.integer(
                    "max_server_per_host", in: 1...Int(Int32.max))
                try rules.finish()
            }
        } else {
            guard let policies = try body.strings("policies") else {
                throw body.missing("policies")
            }
            guard policies.count == 1 else {
                throw body.invalid("policies", "expected one policy, found \(policies.count).")
            }
            wish.policy = try policy(policies[0], body, version, field: "policies")
        }
        try body.finish()
        return wish
    }

    private static func policy(
        _ text: String, _ body: BodyReader, _ version: Microversion, field: String
    ) throws(DomainError) -> GroupPolicy {
        let known: [GroupPolicy] =
            version >= .softGroupPolicies ? GroupPolicy.allCases : [.affinity, .antiAffinity]
        guard let policy = known.first(where: { $0.rawValue == text }) else {
            throw body.invalid(
                field,
                "'\(text.prefix(64))' is not one of "
                    + known.map { "'\($0.rawValue)'" }.joined(separator: ", ") + ".")
        }
        return policy
    }

    private func view(
        _ group: ServerGroup, _ members: [Instance], _ caller: Caller, _ version: Microversion
    ) -> JSONValue {
        var view: [JSONValue.Member] = [
            .init("id", .string(group.id.text)), .init("name", .string(group.name)),
        ]
        if version >= .serverGroupRules {
            view.append(.init("policy", .string(group.policy.rawValue)))
            let hasRule = group.hasRule ?? false
            view.append(
                .init(
                    "rules",
                    hasRule ? ["max_server_per_host": .int(group.maxServersPerHost)] : [:]))
        } else {
            view.append(.init("policies", [.string(group.policy.rawValue)]))
            view.append(.init("metadata", [:]))
        }
        let visible = members.filter { caller.maySee($0.projectID) }
        view.append(.init("members", .strings(visible.map(\.id.text))))
        if version >= .serverGroupOwner {
            view.append(.init("project_id", .string(group.projectID.text)))
            view.append(.init("user_id", .string(group.userID.text)))
        }
        return .object(view)
    }
}
