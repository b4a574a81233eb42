import JSON
import Persistence
import RequestPipeline
import Testing

@testable import ComputeModel
@testable import Conductor
@testable import OpenStackAPI

@Suite struct ServerGroupAPITests {
    private static func body(_ members: JSONValue) -> JSONValue { ["server_group": members] }

    @Test func aGroupIsMadeShownListedAndRemoved() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let made = try await client.compute(
                .post, "/os-server-groups",
                Self.body(["name": "sg-anti", "policy": "anti-affinity"]), version: "2.64")
            #expect(made.status == 200)
            #expect(
                made.keys("server_group")
                    == ["id", "name", "policy", "rules", "members", "project_id", "user_id"])
            #expect(made.json["server_group"]?["rules"] == [:])
            #expect(made.json["server_group"]?["members"] == [])
            let id = try #require(made.text("server_group", "id"))
            let byName = try await client.compute(
                .get, "/os-server-groups/sg-anti", version: "2.64")
            #expect(byName.status == 404)
            #expect(
                byName.fault("itemNotFound") == "Instance group sg-anti could not be found.")
            let member = try await bed.put("s") { $0.serverGroupID = ServerGroupID(id) }
            try await bed.put("gone", age: 1) {
                $0.serverGroupID = ServerGroupID(id)
                $0.state = .deleted
            }
            let shown = try await client.compute(
                .get, "/os-server-groups/\(id)", version: "2.64")
            #expect(shown.json["server_group"]?["members"] == [.string(member.id.text)])
            let listed = try await client.compute(.get, "/os-server-groups", version: "2.64")
            #expect(listed.column("server_groups", "id") == [id])
            let server = try await client.compute(
                .get, "/servers/\(member.id)", version: "2.71")
            #expect(server.json["server"]?["server_groups"] == [.string(id)])
            let other = try await client.compute(
                .delete, "/os-server-groups/\(id)", as: "other")
            #expect(other.status == 404)
            let gone = try await client.compute(.delete, "/os-server-groups/\(id)")
            #expect(gone.status == 204)
            let free = try await client.compute(
                .get, "/servers/\(member.id)", version: "2.71")
            #expect(free.json["server"]?["server_groups"] == [])
        }
    }

    @Test(
        arguments: [
            (1, ["id", "name", "policies", "metadata", "members"]),
            (13, ["id", "name", "policies", "metadata", "members", "project_id", "user_id"]),
            (63, ["id", "name", "policies", "metadata", "members", "project_id", "user_id"]),
            (64, ["id", "name", "policy", "rules", "members", "project_id", "user_id"]),
        ] as [(Int, Set<String>)])
    func theFormIsThatOfTheVersion(minor: Int, keys: Set<String>) async throws {
        try await ComputeAPITestbed().talk { client in
            let body: JSONValue =
                minor < 64
                ? ["name": "g", "policies": ["affinity"]] : ["name": "g", "policy": "affinity"]
            let made = try await client.compute(
                .post, "/os-server-groups", Self.body(body), version: "2.\(minor)")
            #expect(made.status == 200)
            #expect(made.keys("server_group") == keys)
            let id = try #require(made.text("server_group", "id"))
            let shown = try await client.compute(
                .get, "/os-server-groups/\(id)", version: "2.\(minor)")
            #expect(shown.keys("server_group") == keys)
        }
    }

    @Test func theRuleIsShownAsItWasGiven() async throws {
        try await ComputeAPITestbed().talk { client in
            for (given, shown) in [(JSONValue.string("2"), 2), (.integer(1), 1)] {
                let made = try await client.compute(
                    .post, "/os-server-groups",
                    Self.body([
                        "name": "g", "policy": "anti-affinity",
                        "rules": ["max_server_per_host": given],
                    ]), version: "2.64")
                #expect(
                    made.json["server_group"]?["rules"] == ["max_server_per_host": .int(shown)])
            }
        }
    }

    static let bad: [(String, JSONValue, String)] = [
        ("2.64", ["name": "g"], "'policy' is a required property"),
        ("2.64", ["policy": "affinity"], "'name' is a required property"),
        ("2.64", ["name": " ", "policy": "affinity"], "it is blank"),
        ("2.64", ["name": "g", "policy": "apart"], "'apart' is not one of"),
        ("2.64", ["name": "g", "policies": ["affinity"]], "'policy' is a required"),
        ("2.64", ["name": "g", "policy": "affinity", "rules": ["max_server_per_host": 2]], "Only"),
        (
            "2.64", ["name": "g", "policy": "anti-affinity", "rules": ["max_server_per_host": 0]],
            "must be from 1"
        ),
        (
            "2.64", ["name": "g", "policy": "anti-affinity", "rules": ["max_servers_per_host": 2]],
            "Did you mean 'max_server_per_host'?"
        ),
        ("2.63", ["name": "g", "policy": "affinity"], "'policies' is a required property"),
        ("2.63", ["name": "g", "policies": []], "expected one policy, found 0"),
        ("2.63", ["name": "g", "policies": ["affinity", "anti-affinity"]], "found 2"),
        ("2.14", ["name": "g", "policies": ["soft-affinity"]], "is not one of"),
    ]

    @Test(arguments: bad.indices)
    func badGroupsAreRefused(index: Int) async throws {
        let (version, members, message) = Self.bad[index]
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(
                .post, "/os-server-groups", Self.body(members), version: version)
            #expect(answer.status == 400)
            #expect(
                answer.fault("badRequest")?.contains(message) == true,
                "\(String(describing: answer.fault("badRequest")))")
        }
    }

    @Test func theQuotaIsKeptAndShown() async throws {
        let bed = try await ComputeAPITestbed {
            $0.serverGroupsPerProjectMax = 1
            $0.serverGroupMembersMax = 7
        }
        try await bed.talk { client in
            let body = Self.body(["name": "g", "policy": "soft-anti-affinity"])
            let first = try await client.compute(
                .post, "/os-server-groups", body, version: "2.64")
            #expect(first.status == 200)
            let second = try await client.compute(
                .post, "/os-server-groups", body, version: "2.64")
            #expect(second.status == 403)
            let limits = try await client.compute(.get, "/limits")
            let absolute = limits.json["limits"]?["absolute"]
            #expect(absolute?["maxServerGroups"] == 1)
            #expect(absolute?["maxServerGroupMembers"] == 7)
            #expect(absolute?["totalServerGroupsUsed"] == 1)
            let quota = try await client.compute(
                .get, "/os-quota-sets/\(NetworkTokens.project)")
            #expect(quota.json["quota_set"]?["server_groups"] == 1)
            #expect(quota.json["quota_set"]?["server_group_members"] == 7)
        }
    }

    @Test func listsAreCutAndShowOtherProjectsToAdministrators() async throws {
        try await ComputeAPITestbed().talk { client in
            for name in ["a", "b", "c"] {
                _ = try await client.compute(
                    .post, "/os-server-groups",
                    Self.body(["name": .string(name), "policy": "affinity"]), as: "other",
                    version: "2.64")
            }
            let path = "/os-server-groups"
            let own = try await client.compute(.get, path, as: "admin")
            #expect(own.column("server_groups", "name") == [])
            let all = try await client.compute(.get, path + "?all_projects=True", as: "admin")
            #expect(Set(all.column("server_groups", "name")) == ["a", "b", "c"])
            let member = try await client.compute(.get, path + "?all_projects=True")
            #expect(member.count("server_groups") == 0)
            let page = try await client.compute(
                .get, path + "?limit=1&offset=1", as: "other")
            #expect(page.count("server_groups") == 1)
            #expect(try await client.compute(.get, path + "?limit=x").status == 400)
        }
    }
}

/// `os:scheduler_hints` of `POST /servers`.
@Suite struct SchedulerHintAPITests {
    private static let someID = "00000000-0000-4000-8000-000000000000"

    private static func body(_ hints: JSONValue, _ key: String) -> JSONValue {
        guard case .object(var members) = ComputeServerCreationTests.body() else { return .null }
        members.append(.init(key, hints))
        return .object(members)
    }

    static let bad: [(JSONValue, String)] = [
        ([], "expected an object"), (["group": "g1"], "'g1' is not a UUID"),
        (["group": .string(someID)], "Instance group \(someID) could not be found."),
        (["group": [.string(someID), .string(someID)]], "a member of one group"),
        (["group": 7], "expected an id or ids"), (["same_host": "s"], "'s' is not a UUID"),
        (["same_host": [.string(someID)]], "names server \(someID)"),
        (["different_host": .string(someID)], "names server \(someID)"),
        (["different_host": [1]], "expected strings"),
    ]

    @Test(arguments: bad.indices)
    func badHintsAreRefused(index: Int) async throws {
        let (hints, message) = Self.bad[index]
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers", Self.body(hints, "os:scheduler_hints"), version: "2.90")
            #expect(answer.status == 400)
            #expect(
                answer.fault("badRequest")?.contains(message) == true,
                "\(String(describing: answer.fault("badRequest")))")
            #expect(try bed.context.documents.list(Instance.self).isEmpty)
        }
    }

    @Test(arguments: ["os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"])
    func hintsAreKeptAndShown(key: String) async throws {
        let bed = try await ComputeAPITestbed()
        let one = try await bed.put("one")
        let two = try await bed.put("two", age: 1)
        let group = try await bed.conductor.serverGroups.create(
            ServerGroupRequest(name: "g", policy: .affinity),
            NetworkTokens().caller(token: "member", requestID: APIRequestID("req-1")))
        try await bed.talk { client in
            let hints: JSONValue = [
                "group": .string(group.id.text),
                "different_host": [.string(one.id.text), .string(two.id.text)],
                "cidr": "/24", "query": ["=", "$free_ram_mb"],
            ]
            let made = try await client.compute(
                .post, "/servers", Self.body(hints, key), version: "2.90")
            #expect(made.status == 202)
            let id = try #require(made.text("server", "id"))
            let shown = try await client.compute(.get, "/servers/\(id)", version: "2.100")
            #expect(shown.json["server"]?["server_groups"] == [.string(group.id.text)])
            #expect(
                shown.json["server"]?["scheduler_hints"]?.inOrder == [
                    "cidr": "/24",
                    "different_host": [.string(one.id.text), .string(two.id.text)],
                    "group": .string(group.id.text),
                ])
        }
    }
}
