import ComputeModel
import Foundation

/// A rule as callers ask for it. Texts are checked by `SecurityGroupRules.checked`.
public struct SecurityGroupRuleRequest: Sendable {
    /// The group it is for.
    public var groupID: SecurityGroupID
    /// `ingress` or `egress`.
    public var direction: String
    /// `IPv4` or `IPv6`, in any case.
    public var etherType = "IPv4"
    /// Protocol name or number; nil for any.
    public var protocolName: String?
    /// First port, or ICMP type.
    public var portRangeMin: Int?
    /// Last port, or ICMP code.
    public var portRangeMax: Int?
    /// Peers by address or CIDR.
    public var remoteIPPrefix: String?
    /// Peers by group.
    public var remoteGroupID: SecurityGroupID?
    /// Free text.
    public var description = ""

    /// A rule that allows everything in `direction`.
    public init(groupID: SecurityGroupID, direction: String) {
        self.groupID = groupID
        self.direction = direction
    }
}

/// What rules may say. Pure.
enum SecurityGroupRules {
    /// Names that Neutron's API knows, with their IANA numbers.
    static let protocolNumbers: [String: Int] = [
        "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "icmp": 1, "icmpv6": 58,
        "igmp": 2, "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58,
        "ipv6-nonxt": 59, "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46,
        "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
    ]
    private static let withPorts: Set<Int> = [6, 17, 33, 132, 136]
    private static let icmp: Set<Int> = [1, 58]

    /// The rule that `request` describes. Throws `invalid` with the field.
    static func checked(
        _ request: SecurityGroupRuleRequest, id: SecurityGroupRuleID, at now: Date
    ) throws(DomainError) -> SecurityGroupRule {
        guard ["ingress", "egress"].contains(request.direction) else {
            throw invalid("direction", "'\(request.direction)' is not ingress or egress.")
        }
        guard let etherType = ["ipv4": "IPv4", "ipv6": "IPv6"][request.etherType.lowercased()]
        else { throw invalid("ethertype", "'\(request.etherType)' is not IPv4 or IPv6.") }
        var rule = SecurityGroupRule(
            id: id, direction: request.direction, etherType: etherType, createdAt: now)
        rule.protocolName = request.protocolName?.lowercased()
        if ["any", "0", ""].contains(rule.protocolName) { rule.protocolName = nil }
        rule.portRangeMin = request.portRangeMin
        rule.portRangeMax = request.portRangeMax
        rule.remoteIPPrefix = request.remoteIPPrefix
        rule.remoteGroupID = request.remoteGroupID
        rule.description = request.description
        try checkProtocol(rule)
        try checkPeer(rule)
        return rule
    }

    private static func checkProtocol(_ rule: SecurityGroupRule) throws(DomainError) {
        guard let name = rule.protocolName else {
            guard rule.portRangeMin == nil, rule.portRangeMax == nil else {
                throw invalid("port_range_min", "a port range needs a protocol.")
            }
            return
        }
        guard let number = protocolNumbers[name] ?? Int(name), (0...255).contains(number) else {
            throw invalid(
                "protocol",
                "'\(name)' is not 0 to 255 or one of "
                    + protocolNumbers.keys.sorted().joined(separator: ", ") + ".")
        }
        let (low, high) = (rule.portRangeMin, rule.portRangeMax)
        if icmp.contains(number) {
            for value in [low, high].compactMap({ $0 }) where !(0...255).contains(value) {
                throw invalid("port_range_min", "ICMP type and code are 0 to 255, not \(value).")
            }
            guard low != nil || high == nil else {
                throw invalid("port_range_min", "an ICMP code needs an ICMP type.")
            }
            return
        }
        guard low != nil || high != nil else { return }
        guard withPorts.contains(number) else {
            throw invalid("port_range_min", "protocol '\(name)' has no ports.")
        }
        guard let low, let high, (1...65_535).contains(low), (low...65_535).contains(high) else {
            throw invalid(
                "port_range_min", "a range of ports has both ends, from 1 to 65535, in order.")
        }
    }

    private static func checkPeer(_ rule: SecurityGroupRule) throws(DomainError) {
        guard let text = rule.remoteIPPrefix else { return }
        guard rule.remoteGroupID == nil else {
            throw invalid(
                "remote_ip_prefix", "remote_ip_prefix and remote_group_id exclude each other.")
        }
        guard let prefix = IPPrefix(text) else {
            throw invalid("remote_ip_prefix", "'\(text)' is not a CIDR.")
        }
        guard (prefix.version == .v4) == (rule.etherType == "IPv4") else {
            throw invalid(
                "remote_ip_prefix", "'\(text)' does not fit the ethertype \(rule.etherType).")
        }
    }

    /// Whether two rules allow the same.
    static func areAlike(_ left: SecurityGroupRule, _ right: SecurityGroupRule) -> Bool {
        var right = right
        right.id = left.id
        right.createdAt = left.createdAt
        right.description = left.description
        return left == right
    }

    /// Everything out, in both families: what each new group begins with.
    static func egress(at now: Date, makeUUID: () -> UUID) -> [SecurityGroupRule] {
        ["IPv4", "IPv6"].map { family in
            SecurityGroupRule(
                id: .init(uuid: makeUUID()), direction: "egress", etherType: family,
                createdAt: now)
        }
    }

    /// The group `default`: everything out, and in from ports of the same group.
    static func defaultGroup(
        _ id: SecurityGroupID, of project: ProjectID, at now: Date, makeUUID: () -> UUID
    ) -> SecurityGroup {
        let ingress = ["IPv4", "IPv6"].map { family in
            var rule = SecurityGroupRule(
                id: .init(uuid: makeUUID()), direction: "ingress", etherType: family,
                createdAt: now)
            rule.remoteGroupID = id
            return rule
        }
        return SecurityGroup(
            id: id, projectID: project, name: SecurityGroups.defaultName,
            description: "Default security group",
            rules: egress(at: now, makeUUID: makeUUID) + ingress, createdAt: now)
    }

    private static func invalid(_ field: String, _ why: String) -> DomainError {
        .invalid(.securityGroupRule, field: field, "Invalid input for \(field): \(why)")
    }
}
