import ComputeModel
import Foundation
import TestSupport
import Testing

@testable import Networking

@Suite struct NetworkSecurityGroupTests {
    typealias Bed = NetworkTestbed

    @Test func everyProjectHasOneDefaultGroup() async throws {
        let bed = try await Bed()
        let ids = try await withThrowingTaskGroup(of: SecurityGroupID.self) { tasks in
            for _ in 0..<20 {
                tasks.addTask { try await bed.groups.defaultGroup(of: Bed.member.projectID) }
            }
            return try await tasks.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let group = try #require(try await bed.groups.list(Bed.member).first)
        #expect(group.name == "default" && group.description == "Default security group")
        let shown = Set(
            group.rules.map { "\($0.direction) \($0.etherType) \($0.remoteGroupID == group.id)" })
        #expect(
            shown == [
                "egress IPv4 false", "egress IPv6 false", "ingress IPv4 true", "ingress IPv6 true",
            ])
        let deletion = await Refusal.of { try await bed.groups.delete(group.id, Bed.member) }
        #expect(deletion == .conflict(.securityGroup, .securityGroupInUse))
        let second = await Refusal.of {
            _ = try await bed.groups.create(name: "default", description: "", Bed.member)
        }
        #expect(second == .conflict(.securityGroup, .nameTaken))
    }

    @Test func usedGroupsStay() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let web = try await bed.groups.create(name: "web", description: "", Bed.member)
        let db = try await bed.groups.create(name: "db", description: "", Bed.member)
        var rule = SecurityGroupRuleRequest(groupID: db.id, direction: "ingress")
        rule.remoteGroupID = web.id
        let added = try await bed.groups.addRule(rule, Bed.member)
        let port = try await bed.port(on: network) { $0.securityGroups = [web.id, web.id] }
        #expect(port.securityGroups == [web.id])
        for _ in 0..<2 {
            let refusal = await Refusal.of { try await bed.groups.delete(web.id, Bed.member) }
            #expect(refusal == .conflict(.securityGroup, .securityGroupInUse))
            _ = await Refusal.of { try await bed.ports.delete(port.id, Bed.member) }
        }
        try await bed.groups.removeRule(added.rule.id, Bed.member)
        try await bed.groups.delete(web.id, Bed.member)
        let gone = await Refusal.of { _ = try bed.groups.show(web.id, Bed.member) }
        #expect(gone == .notFound(.securityGroup))
    }

    @Test(
        arguments: [
            ("sideways", "IPv4", nil, nil, nil, nil, "direction"),
            ("ingress", "IPX", nil, nil, nil, nil, "ethertype"),
            ("ingress", "IPv4", "carrier-pigeon", nil, nil, nil, "protocol"),
            ("ingress", "IPv4", "256", nil, nil, nil, "protocol"),
            ("ingress", "IPv4", nil, 1, 2, nil, "port_range_min"),
            ("ingress", "IPv4", "tcp", 22, 21, nil, "port_range_min"),
            ("ingress", "IPv4", "tcp", 0, 22, nil, "port_range_min"),
            ("ingress", "IPv4", "tcp", 22, nil, nil, "port_range_min"),
            ("ingress", "IPv4", "gre", 1, 2, nil, "port_range_min"),
            ("ingress", "IPv4", "icmp", 256, nil, nil, "port_range_min"),
            ("ingress", "IPv4", "icmp", nil, 1, nil, "port_range_min"),
            ("ingress", "IPv4", "tcp", nil, nil, "fd00::/8", "remote_ip_prefix"),
            ("ingress", "IPv4", "tcp", nil, nil, "10.0.0.0/99", "remote_ip_prefix"),
        ] as [(String, String, String?, Int?, Int?, String?, String)])
    func refusesRulesThatMakeNoSense(
        direction: String, etherType: String, name: String?, low: Int?, high: Int?,
        prefix: String?, field: String
    ) throws {
        var request = SecurityGroupRuleRequest(groupID: .init("g"), direction: direction)
        request.etherType = etherType
        request.protocolName = name
        request.portRangeMin = low
        request.portRangeMax = high
        request.remoteIPPrefix = prefix
        do {
            _ = try SecurityGroupRules.checked(request, id: .init("r"), at: Date())
            Issue.record("it was taken")
        } catch {
            #expect(Refusal(error) == .invalid(.securityGroupRule, field))
        }
    }

    @Test func aRuleExistsOnce() async throws {
        let bed = try await Bed()
        let group = try await bed.groups.create(name: "web", description: "", Bed.member)
        var rule = SecurityGroupRuleRequest(groupID: group.id, direction: "ingress")
        rule.protocolName = "TCP"
        rule.portRangeMin = 22
        rule.portRangeMax = 22
        let added = try await bed.groups.addRule(rule, Bed.member)
        #expect(added.group.revisionNumber == 2 && added.rule.protocolName == "tcp")
        rule.description = "again"
        let refusal = await Refusal.of { _ = try await bed.groups.addRule(rule, Bed.member) }
        #expect(refusal == .conflict(.securityGroupRule, .ruleExists))
        let stranger = await Refusal.of { _ = try await bed.groups.addRule(rule, Bed.other) }
        #expect(stranger == .notFound(.securityGroup))
    }
}
