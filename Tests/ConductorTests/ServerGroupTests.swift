import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Conductor

@Suite struct ServerGroupTests {
    private typealias Bed = InstanceTestbed

    private static func group(
        _ bed: InstanceTestbed, _ policy: GroupPolicy, _ caller: Caller = Bed.member
    ) async throws -> ServerGroup {
        try await bed.conductor.serverGroups.create(
            ServerGroupRequest(name: "g", policy: policy), caller)
    }

    @Test(arguments: [(GroupPolicy.affinity, 1), (.antiAffinity, 2)])
    func membersArePlacedAsThePolicySays(policy: GroupPolicy, hosts: Int) async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let group = try await Self.group(bed, policy)
            var ids: [InstanceID] = []
            for _ in 0..<2 {
                ids.append(
                    try await bed.create([try await bed.port()]) { $0.serverGroupID = group.id })
            }
            var found: Set<String> = []
            for id in ids {
                let instance = try await bed.settled(id, .active)
                #expect(instance.serverGroupID == group.id)
                found.insert(instance.hostName ?? "")
            }
            #expect(found.count == hosts)
            let members = try bed.conductor.serverGroups.members()[group.id] ?? []
            #expect(Set(members.map(\.id)) == Set(ids))
            try await bed.delete(ids[0])
            try await bed.settled(ids[0], .deleted)
            #expect(try bed.conductor.serverGroups.members()[group.id]?.map(\.id) == [ids[1]])
        }
    }

    @Test func aThirdMemberFindsNoHostApartFromTheOthers() async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let group = try await Self.group(bed, .antiAffinity)
            for _ in 0..<2 {
                let id = try await bed.create([]) {
                    $0.networks = .none
                    $0.serverGroupID = group.id
                }
                try await bed.settled(id, .active)
            }
            let id = try await bed.create([]) {
                $0.networks = .none
                $0.serverGroupID = group.id
            }
            let failed = try await bed.settled(id, .error)
            #expect(failed.fault?.message.contains("server group has enough members") == true)
        }
    }

    @Test func hintsNameHostsByTheirServers() async throws {
        try await Bed.run([.small("h1"), .small("h2")]) { bed in
            let first = try await bed.create([try await bed.port()])
            let host = try await bed.settled(first, .active).hostName
            for (hint, isSame) in [("same_host", true), ("different_host", false)] {
                let id = try await bed.create([]) {
                    $0.networks = .none
                    $0.schedulerHints = [hint: [first.text]]
                }
                let placed = try await bed.settled(id, .active)
                #expect((placed.hostName == host) == isSame)
                #expect(placed.schedulerHints == [hint: [first.text]])
            }
            let nobody = "00000000-0000-4000-8000-000000000000"
            for id in [nobody, first.text] {
                let refusal = await Refusal.of {
                    try await bed.create([], Bed.other) {
                        $0.networks = .none
                        $0.schedulerHints = ["different_host": [id]]
                    }
                }
                #expect(refusal == .invalid(.server, "different_host"))
            }
        }
    }

    @Test func groupsAreTheirProjects() async throws {
        try await Bed.run([]) { bed in
            let group = try await Self.group(bed, .affinity)
            let groups = try bed.conductor.serverGroups
            #expect(try groups.list(Bed.other).isEmpty)
            #expect(try groups.list(Bed.admin).isEmpty)
            #expect(try groups.list(Bed.other, allProjects: true).isEmpty)
            #expect(try groups.list(Bed.admin, allProjects: true) == [group])
            #expect(try groups.show(group.id, Bed.admin) == group)
            let hidden = await Refusal.of { _ = try groups.show(group.id, Bed.other) }
            #expect(hidden == .notFound(.serverGroup))
            let kept = await Refusal.of { try await groups.delete(group.id, Bed.other) }
            #expect(kept == .notFound(.serverGroup))
            let used = await Refusal.of {
                try await bed.create([], Bed.other) {
                    $0.networks = .none
                    $0.serverGroupID = group.id
                }
            }
            #expect(used == .invalid(.serverGroup, "group"))
            try await groups.delete(group.id, Bed.member)
            #expect(try groups.list(Bed.member).isEmpty)
        }
    }

    @Test func rulesBelongToAntiAffinity() async throws {
        try await Bed.run([]) { bed in
            var request = ServerGroupRequest(name: "g", policy: .antiAffinity)
            request.maxServersPerHost = 3
            let made = try await bed.conductor.serverGroups.create(request, Bed.member)
            #expect(made.maxServersPerHost == 3 && made.hasRule == true)
            for policy in [GroupPolicy.affinity, .softAffinity, .softAntiAffinity] {
                request.policy = policy
                let refusal = await Refusal.of {
                    _ = try await bed.conductor.serverGroups.create(request, Bed.member)
                }
                #expect(refusal == .invalid(.serverGroup, "rules"))
            }
        }
    }

    @Test func theQuotaHoldsAgainstManyAtOnce() async throws {
        try await Bed.run([], change: { $0.serverGroupsPerProjectMax = 3 }) { bed in
            let refusals = await withTaskGroup(of: Refusal?.self) { tasks in
                for _ in 0..<12 {
                    tasks.addTask {
                        await Refusal.of { _ = try await Self.group(bed, .affinity) }
                    }
                }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(refusals.count { $0 == nil } == 3)
            #expect(refusals.count { $0 == .overQuota("server_groups") } == 9)
            #expect(try bed.documents.list(ServerGroup.self).count == 3)
            _ = try await Self.group(bed, .affinity, Bed.other)
        }
    }

    @Test func aGroupHasALimitOfMembers() async throws {
        try await Bed.run([], change: { $0.serverGroupMembersMax = 2 }) { bed in
            let group = try await Self.group(bed, .softAffinity)
            let refusal = await Refusal.of {
                try await bed.create([]) {
                    $0.networks = .none
                    $0.countMax = 3
                    $0.serverGroupID = group.id
                }
            }
            #expect(refusal == .overQuota("server_group_members"))
        }
    }
}
