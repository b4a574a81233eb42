import ComputeModel
import Conductor
import HTTPTypes
import Identity
import JSON
import RequestPipeline

extension IdentityService {
    var userRoutes: [Route] {
        [
            Route(.get, "/v3/users", .role(.admin)) { request in
                let found = try users.list().filter {
                    matches($0.name, request.query("name"))
                        && matches($0.enabled, request.query("enabled"))
                        && DomainReference.isOurs(id: request.query("domain_id"))
                }
                return list("users", found.map { views(request).user($0) }, request)
            },
            Route(.get, "/v3/users/{id}", .role(.reader)) { request in
                .ok(["user": views(request).user(try users.show(try known(request)))])
            },
            Route(.post, "/v3/users", .role(.admin)) { request in
                let body = try UserBody(try await request.json())
                let made = try await users.create(try body.draft())
                return .json(.created, ["user": views(request).user(made)])
            },
            Route(.patch, "/v3/users/{id}", .role(.admin)) { request in
                let body = try UserBody(try await request.json())
                let changed = try await users.update(
                    UserID(request.parameter("id")), body.change)
                return .ok(["user": views(request).user(changed)])
            },
            Route(.delete, "/v3/users/{id}", .role(.admin)) { request in
                try await users.delete(UserID(request.parameter("id")))
                return APIResponse(.noContent)
            },
            Route(.post, "/v3/users/{id}/password", .role(.reader)) { request in
                try await changePassword(request)
            },
            Route(.get, "/v3/users/{id}/projects", .role(.reader)) { request in
                let user = try users.show(try known(request))
                let found = try projects.list(with: user)
                return list("projects", found.map { views(request).project($0) }, request)
            },
            Route(.get, "/v3/users/{id}/groups", .role(.reader)) { request in
                _ = try users.show(try known(request))
                return list("groups", [], request)
            },
        ]
    }

    /// The user of the path, if the caller may know them: themselves, or anyone for
    /// administrators.
    private func known(_ request: APIRequest) throws(DomainError) -> UserID {
        let id = UserID(request.parameter("id"))
        let caller = try request.caller
        guard caller.isAdmin || caller.userID == id else {
            throw .notFound(.user, id.text)
        }
        return id
    }

    private func changePassword(_ request: APIRequest) async throws -> APIResponse {
        let id = UserID(request.parameter("id"))
        guard try request.caller.userID == id else {
            throw DomainError.forbidden(
                "Only the user changes a password this way; administrators set a new one.")
        }
        var outer = try BodyReader(try await request.json(), path: "", noun: .user)
        guard var user = try outer.object("user") else { throw outer.missing("user") }
        let new = try user.requiredString("password")
        let original = try user.requiredString("original_password")
        try user.finish()
        try outer.finish()
        try await users.changePassword(id, original: original, new: new)
        return APIResponse(.noContent)
    }
}

/// The body of a user's creation or change.
struct UserBody {
    var change = UserChange()

    init(_ body: JSONValue) throws(DomainError) {
        var outer = try BodyReader(body, path: "", noun: .user)
        guard var user = try outer.object("user") else { throw outer.missing("user") }
        try outer.finish()
        change.name = try user.string("name")
        change.password = try user.string("password")
        change.enabled = try user.bool("enabled")
        if user.has("default_project_id") {
            change.defaultProjectID = .some(
                try user.string("default_project_id").map { ProjectID($0) })
        }
        guard DomainReference.isOurs(id: try user.string("domain_id")) else {
            throw user.invalid("domain_id", "there is only the domain 'default'.")
        }
        try ProjectBody.refuseContent("email", "description", "options", "tags", in: &user)
        try user.finish()
    }

    func draft() throws(DomainError) -> UserDraft {
        guard let name = change.name else {
            throw .invalid(.user, field: "name", "'name' is a required property of 'user'.")
        }
        return UserDraft(
            name: name, password: change.password,
            defaultProjectID: change.defaultProjectID ?? nil, enabled: change.enabled ?? true)
    }
}
