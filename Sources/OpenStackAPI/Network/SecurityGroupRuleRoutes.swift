import ComputeModel
import Conductor
import JSON
import Networking
import RequestPipeline

extension ResourceTable<GroupedRule> {
    static var rules: ResourceTable {
        ResourceTable(
            noun: .securityGroupRule, singular: "security_group_rule",
            plural: "security_group_rules", path: "security-group-rules",
            id: { $0.rule.id.text }, tags: { _ in [] }, attributes: match + record)
    }

    private static var match: [ResourceAttribute<GroupedRule>] {
        [
            .init("id") { .string($0.rule.id.text) },
            .init("project_id") { .string($0.group.projectID.text) },
            .init("security_group_id") { .string($0.group.id.text) },
            .init("ethertype") { .string($0.rule.etherType) },
            .init("direction") { .string($0.rule.direction) },
            .init("protocol") { .optional($0.rule.protocolName) },
            .init("port_range_min") { .optional($0.rule.portRangeMin) },
            .init("port_range_max") { .optional($0.rule.portRangeMax) },
            .init("remote_ip_prefix") { .optional($0.rule.remoteIPPrefix) },
            .init("remote_address_group_id") { _ in .null },
            .init("normalized_cidr", filter: false) { item in
                .optional(item.rule.remoteIPPrefix.flatMap { IPPrefix($0)?.network })
            },
            .init("remote_group_id") { .optional($0.rule.remoteGroupID?.text) },
            .init("belongs_to_default_sg") { item in
                .bool(item.group.name == SecurityGroups.defaultName)
            },
            .init("description") { .string($0.rule.description) },
        ]
    }

    /// Rules don't change: they are made and removed.
    private static var record: [ResourceAttribute<GroupedRule>] {
        [
            .init("created_at") { .string(NetworkTime.text($0.rule.createdAt)) },
            .init("updated_at") { .string(NetworkTime.text($0.rule.createdAt)) },
            .init("revision_number") { _ in 0 },
            .init("tenant_id") { .string($0.group.projectID.text) },
        ]
    }
}

/// A rule as part of its group.
enum SecurityGroupRuleView {
    static func inGroup(_ rule: SecurityGroupRule, _ group: SecurityGroup) -> JSONValue {
        let item = GroupedRule(group: group, rule: rule)
        var members = ResourceTable<GroupedRule>.rules.attributes.compactMap { attribute in
            attribute.value(item).map { JSONValue.Member(attribute.name, $0) }
        }
        members.append(.init("tags", []))
        return .object(members)
    }
}

extension NetworkService {
    var securityGroupRuleRoutes: [Route] {
        let table = ResourceTable<GroupedRule>.rules
        return [
            Route(.get, "/v2.0/security-group-rules", .role(.reader)) { request in
                try page(table, try await groups.rules(request.caller), request)
            },
            Route(.post, "/v2.0/security-group-rules", .role(.member)) { request in
                let caller = try request.caller
                return try await create(request, table) { reader in
                    try await groups.addRule(SecurityGroupRuleBody.request(reader), caller)
                } undo: { item in
                    try await groups.removeRule(item.rule.id, caller)
                }
            },
            Route(.get, "/v2.0/security-group-rules/{id}", .role(.reader)) { request in
                let id = SecurityGroupRuleID(request.parameter("id"))
                return try one(table, groups.rule(id, request.caller), request)
            },
            Route(.delete, "/v2.0/security-group-rules/{id}", .role(.member)) { request in
                let id = SecurityGroupRuleID(request.parameter("id"))
                try await groups.removeRule(id, request.caller)
                return APIResponse(.noContent)
            },
        ]
    }
}

/// Request bodies of rules.
enum SecurityGroupRuleBody {
    /// Reads the body of a request to create a rule.
    static func request(_ reader: BodyReader) throws(DomainError) -> SecurityGroupRuleRequest {
        var reader = reader
        var request = SecurityGroupRuleRequest(
            groupID: SecurityGroupID(try reader.requiredString("security_group_id")),
            direction: try reader.requiredString("direction"))
        request.etherType = try reader.string("ethertype") ?? "IPv4"
        request.protocolName = try protocolName(&reader)
        request.portRangeMin = try reader.integer("port_range_min")
        request.portRangeMax = try reader.integer("port_range_max")
        request.remoteIPPrefix = try reader.string("remote_ip_prefix")
        request.remoteGroupID = try reader.string("remote_group_id").map { SecurityGroupID($0) }
        request.description = try reader.string("description", length: 0...255) ?? ""
        // Rules belong to the owner of their group, whatever the request says.
        reader.ignore("tenant_id", "project_id")
        try AttributeReading.refuseFilled(&reader, "remote_address_group_id")
        try reader.finish()
        return request
    }

    /// A name, or a number in either form.
    private static func protocolName(_ reader: inout BodyReader) throws(DomainError) -> String? {
        if case .integer(let number)? = reader.value("protocol") { return String(number) }
        return try reader.string("protocol")
    }
}
