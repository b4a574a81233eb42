import ComputeModel
import Conductor
import HTTPTypes
import RequestPipeline

extension IdentityService {
    var roleRoutes: [Route] {
        let grantPath = "/v3/projects/{id}/users/{user}/roles/{role}"
        return [
            Route(.get, "/v3/roles", .role(.reader)) { request in
                let found = Role.allCases.filter { matches($0.rawValue, request.query("name")) }
                return list("roles", found.map { views(request).role($0) }, request)
            },
            Route(.get, "/v3/roles/{role}", .role(.reader)) { request in
                .ok(["role": views(request).role(try role(request))])
            },
            Route(.get, "/v3/projects/{id}/users/{user}/roles", .role(.admin)) { request in
                let found = try roles(request)
                return list("roles", found.map { views(request).role($0) }, request)
            },
            Route(.put, grantPath, .role(.admin)) { request in
                try await users.assign(
                    try role(request), to: UserID(request.parameter("user")),
                    in: ProjectID(request.parameter("id")))
                return APIResponse(.noContent)
            },
            Route(.delete, grantPath, .role(.admin)) { request in
                try await users.unassign(
                    try role(request), from: UserID(request.parameter("user")),
                    in: ProjectID(request.parameter("id")))
                return APIResponse(.noContent)
            },
            Route(.head, grantPath, .role(.admin)) { request in
                let role = try role(request)
                guard try roles(request).contains(role) else {
                    throw DomainError.notFound(.role, role.rawValue)
                }
                return APIResponse(.noContent)
            },
            Route(.get, "/v3/role_assignments", .role(.reader)) { try assignments($0) },
            Route(.get, "/v3/groups", .role(.admin)) { list("groups", [], $0) },
        ]
    }

    private func role(_ request: APIRequest) throws(DomainError) -> Role {
        let id = request.parameter("role")
        guard let role = Role(wireID: id) else { throw .notFound(.role, id) }
        return role
    }

    private func roles(_ request: APIRequest) throws -> [Role] {
        let project = try projects.show(
            ProjectID(request.parameter("id")), try request.caller)
        let user = try users.show(UserID(request.parameter("user")))
        return (user.roles[project.id.text] ?? []).sorted()
    }

    /// All assignments for administrators, one's own for others.
    private func assignments(_ request: APIRequest) throws -> APIResponse {
        let caller = try request.caller
        let withNames = request.query("include_names").map { matches(true, $0) } ?? false
        let found = try users.assignments().filter {
            (caller.isAdmin || $0.user.id == caller.userID)
                && matches($0.user.id.text, request.query("user.id"))
                && matches($0.project.id.text, request.query("scope.project.id"))
                && matches($0.role.wireID, request.query("role.id"))
        }
        return list(
            "role_assignments",
            found.map { views(request).assignment($0, withNames: withNames) }, request)
    }
}
