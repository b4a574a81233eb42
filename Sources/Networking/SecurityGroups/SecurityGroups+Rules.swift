import ComputeModel
import Persistence

/// A rule and the group it is in.
public struct GroupedRule: Sendable {
    /// The group.
    public let group: SecurityGroup
    /// The rule.
    public let rule: SecurityGroupRule

    /// `rule` of `group`.
    public init(group: SecurityGroup, rule: SecurityGroupRule) {
        self.group = group
        self.rule = rule
    }
}

extension SecurityGroups {
    /// All rules that the caller may see, ordered by id; makes the caller's default group first.
    public func rules(_ caller: Caller) async throws -> [GroupedRule] {
        try await list(caller).flatMap { group in
            group.rules.map { GroupedRule(group: group, rule: $0) }
        }.sorted { $0.rule.id < $1.rule.id }
    }

    /// One rule. Throws `notFound`.
    public func rule(_ id: SecurityGroupRuleID, _ caller: Caller) throws -> GroupedRule {
        for group in try context.documents.list(SecurityGroup.self)
        where caller.maySee(group.value.projectID) {
            if let rule = group.value.rules.first(where: { $0.id == id }) {
                return GroupedRule(group: group.value, rule: rule)
            }
        }
        throw DomainError.notFound(.securityGroupRule, id.text)
    }

    /// Adds a rule to its group. Throws `invalid` with the field, `conflict(.ruleExists)` when the
    /// group has its like, `notFound` for a group, and `overQuota`.
    public func addRule(
        _ request: SecurityGroupRuleRequest, _ caller: Caller
    ) async throws -> GroupedRule {
        let id = SecurityGroupRuleID(uuid: context.makeUUID())
        let rule = try SecurityGroupRules.checked(request, id: id, at: context.now())
        let group = try await changing(request.groupID, caller) { group, snapshot in
            if let remote = rule.remoteGroupID {
                _ = try Self.find(remote, caller, in: snapshot)
            }
            if let same = group.rules.first(where: { SecurityGroupRules.areAlike($0, rule) }) {
                throw DomainError.conflict(
                    .securityGroupRule, .ruleExists,
                    "Security group rule already exists. Rule id is \(same.id).")
            }
            guard group.rules.count < NetworkLimits.rulesPerGroupMax else {
                throw DomainError.overQuota(
                    resource: "security_group_rule", used: group.rules.count, requested: 1,
                    limit: NetworkLimits.rulesPerGroupMax)
            }
            group.rules.append(rule)
        }
        return GroupedRule(group: group, rule: rule)
    }

    /// Removes a rule. Throws `notFound`.
    public func removeRule(_ id: SecurityGroupRuleID, _ caller: Caller) async throws {
        let found = try rule(id, caller)
        _ = try await changing(found.group.id, caller) { group, _ in
            guard group.rules.contains(where: { $0.id == id }) else {
                throw DomainError.notFound(.securityGroupRule, id.text)
            }
            group.rules.removeAll { $0.id == id }
        }
    }
}
