import ComputeModel
import Conductor
import Networking
import RequestPipeline

extension ResourceTable<SecurityGroup> {
    static var securityGroups: ResourceTable {
        ResourceTable(
            noun: .securityGroup, singular: "security_group", plural: "security_groups",
            path: "security-groups", id: { $0.id.text }, tags: { $0.tags },
            attributes: [
                .init("id") { .string($0.id.text) },
                .init("name") { .string($0.name) },
                .init("stateful") { .bool($0.stateful) },
            ] + ResourceAttribute.owner { $0.projectID } + [
                .init("description") { .string($0.description) },
                .init("shared") { _ in false },
                .init("security_group_rules", filter: false) { group in
                    .array(group.rules.map { SecurityGroupRuleView.inGroup($0, group) })
                },
            ]
                + ResourceAttribute.standard(
                    tags: { $0.tags }, created: { $0.createdAt }, updated: { $0.updatedAt },
                    revision: { $0.revisionNumber }))
    }
}

extension NetworkService {
    var securityGroupRoutes: [Route] {
        let table = ResourceTable<SecurityGroup>.securityGroups
        return [
            Route(.get, "/v2.0/security-groups", .role(.reader)) { request in
                try page(table, try await groups.list(request.caller), request)
            },
            Route(.post, "/v2.0/security-groups", .role(.member)) { request in
                let caller = try request.caller
                return try await create(request, table) { reader in
                    try await create(reader, caller)
                } undo: { group in
                    try await groups.delete(group.id, caller)
                }
            },
            Route(.get, "/v2.0/security-groups/{id}", .role(.reader)) { request in
                try one(table, groups.show(id(request), request.caller), request)
            },
            Route(.put, "/v2.0/security-groups/{id}", .role(.member)) { request in
                var reader = try await body(request, table)
                let name = try reader.string("name", length: 0...255)
                let description = try reader.string("description", length: 0...255)
                let stateful = try reader.bool("stateful")
                try reader.finish()
                let changed = try await groups.update(
                    id(request), request.caller, name: name, description: description,
                    stateful: stateful)
                return try one(table, changed, request)
            },
            Route(.delete, "/v2.0/security-groups/{id}", .role(.member)) { request in
                try await groups.delete(id(request), request.caller)
                return APIResponse(.noContent)
            },
        ]
            + tagRoutes("security-groups") { request in
                try groups.show(id(request), request.caller).tags
            } change: { request, change in
                try await groups.tag(id(request), request.caller, change)
            }
    }

    private func id(_ request: APIRequest) -> SecurityGroupID {
        SecurityGroupID(request.parameter("id"))
    }

    private func create(_ reader: BodyReader, _ caller: Caller) async throws -> SecurityGroup {
        var reader = reader
        let name = try reader.string("name", length: 0...255) ?? ""
        let description = try reader.string("description", length: 0...255) ?? ""
        let stateful = try reader.bool("stateful") ?? true
        let tags = try reader.strings("tags", countMax: NetworkLimits.tagsMax) ?? []
        let project = try AttributeReading.project(&reader)
        try reader.finish()
        return try await groups.create(
            name: name, description: description, stateful: stateful, tags: tags,
            project: project, caller)
    }
}
