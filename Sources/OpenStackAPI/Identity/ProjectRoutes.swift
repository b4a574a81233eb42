import ComputeModel
import Conductor
import HTTPTypes
import JSON
import RequestPipeline

extension IdentityService {
    var projectRoutes: [Route] {
        [
            Route(.get, "/v3/projects", .role(.reader)) { request in
                let found = try projects.list(request.caller).filter {
                    matches($0.name, request.query("name"))
                        && matches($0.enabled, request.query("enabled"))
                        && DomainReference.isOurs(id: request.query("domain_id"))
                        && DomainReference.isOurs(id: request.query("parent_id"))
                }
                return list("projects", found.map { views(request).project($0) }, request)
            },
            Route(.get, "/v3/projects/{id}", .role(.reader)) { request in
                let found = try projects.show(
                    ProjectID(request.parameter("id")), try request.caller)
                return .ok(["project": views(request).project(found)])
            },
            Route(.post, "/v3/projects", .role(.admin)) { request in
                let body = try ProjectBody(try await request.json())
                guard let name = body.name else {
                    throw DomainError.invalid(
                        .project, field: "name", "'name' is a required property of 'project'.")
                }
                let made = try await projects.create(
                    name: name, description: body.description ?? "",
                    enabled: body.enabled ?? true)
                return .json(.created, ["project": views(request).project(made)])
            },
            Route(.patch, "/v3/projects/{id}", .role(.admin)) { request in
                let body = try ProjectBody(try await request.json())
                let changed = try await projects.update(
                    ProjectID(request.parameter("id")), name: body.name,
                    description: body.description, enabled: body.enabled)
                return .ok(["project": views(request).project(changed)])
            },
            Route(.delete, "/v3/projects/{id}", .role(.admin)) { request in
                try await projects.delete(ProjectID(request.parameter("id")))
                return APIResponse(.noContent)
            },
        ]
    }
}

/// The body of a project's creation or change.
struct ProjectBody {
    static let descriptionLengthMax = 4_096

    var name: String?
    var description: String?
    var enabled: Bool?

    init(_ body: JSONValue) throws(DomainError) {
        var outer = try BodyReader(body, path: "", noun: .project)
        guard var project = try outer.object("project") else { throw outer.missing("project") }
        try outer.finish()
        name = try project.string("name")
        description = try project.string("description", length: 0...Self.descriptionLengthMax)
        enabled = try project.bool("enabled")
        let domain = try project.string("domain_id")
        let parent = try project.string("parent_id")
        guard DomainReference.isOurs(id: domain), DomainReference.isOurs(id: parent) else {
            throw project.invalid("domain_id", "there is only the domain 'default'.")
        }
        guard try project.bool("is_domain") != true else {
            throw project.invalid("is_domain", "there is only the domain 'default'.")
        }
        try Self.refuseContent("tags", "options", in: &project)
        try project.finish()
    }

    /// What isn't stored may be sent empty, as clients do, but not with content: it would be
    /// lost without a word.
    static func refuseContent(
        _ keys: String..., in body: inout BodyReader
    ) throws(DomainError) {
        for key in keys {
            switch body.value(key) {
            case nil, .array([]), .object([]), .string(""): continue
            default: throw body.invalid(key, "it isn't stored here; leave it out.")
            }
        }
    }
}
