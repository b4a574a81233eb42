import ComputeModel
import Foundation
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import Conductor

@Suite struct NetworkServiceTests {
    @Test func tellsItsVersionToAnyone() async throws {
        try await NetworkAPITestbed().talk { api in
            for path in ["", "/"] {
                let answer = try await api.send(.get, path, as: nil)
                let version = try #require(answer["versions"]?.entries.first)
                #expect(version["id"] == "v2.0" && version["status"] == "CURRENT")
                #expect(
                    version["links"]?.entries.first?["href"]
                        == "http://cloud.example.com/network/v2.0/")
            }
            let resources = try await api.get("", as: "reader")
            #expect(
                resources["resources"]?.entries.map { $0["collection"] }
                    == ["networks", "subnets", "ports"])
        }
    }

    @Test(arguments: [nil, "", "nobody"] as [String?])
    func nobodyIsLetInWithoutAToken(token: String?) async throws {
        try await NetworkAPITestbed().talk { api in
            let answer = try await api.get("ports", as: token)
            #expect(answer.status == 401)
            #expect(answer["error", "code"] == 401)
            #expect(answer["error", "title"] == "Unauthorized")
            #expect(
                answer.headers[.wwwAuthenticate]
                    == "Keystone uri=\"http://cloud.example.com/identity/v3\"")
        }
    }

    @Test func listsTheExtensionsItHonours() async throws {
        try await NetworkAPITestbed().talk { api in
            let all = try await api.get("extensions")["extensions"]?.entries ?? []
            let aliases = all.compactMap { $0["alias"]?.text }
            #expect(Set(aliases).count == aliases.count)
            for alias in aliases {
                let one = try await api.get("extensions/\(alias)")
                #expect(one["extension", "alias"]?.text == alias)
            }
            #expect(aliases.contains("binding-extended"))
            // What Millrace has not: routers, QoS.
            for alias in ["router", "qos", "Availability%20Zone"] {
                #expect(try await api.get("extensions/\(alias)").status == 404)
            }
        }
    }

    @Test func hasNothingOfWhatItDoesNotServe() async throws {
        try await NetworkAPITestbed().talk { api in
            for path in ["floatingips", "routers", "trunks", "subnetpools", "qos/policies"] {
                #expect(try await api.get(path).status == 200)
            }
            let unknown = try await api.get("metering/labels")
            #expect(unknown.status == 404 && unknown.errorType == "HTTPNotFound")
        }
    }

    @Test func membersMakeTheirOwnNetworksOnly() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, subnet) = try await api.makeNetwork()
            for path in ["networks/\(network)", "subnets/\(subnet)"] {
                #expect(try await api.get(path, as: "other").status == 404)
                #expect(try await api.get(path, as: "reader").status == 200)
            }
            let provider = try await api.post(
                "networks", ["network": ["provider:network_type": "vlan"]])
            #expect(provider.status == 403 && provider.errorType == "PolicyNotAuthorized")
            let shared = try await api.put(
                "networks/\(network)", ["network": ["shared": true]], as: "admin")
            #expect(shared["network", "shared"] == true)
            #expect(try await api.get("networks/\(network)", as: "other").status == 200)
            #expect(try await api.get("subnets/\(subnet)", as: "other").status == 200)
            let theirs = try await api.put(
                "networks/\(network)", ["network": ["name": "mine"]], as: "other")
            #expect(theirs.status == 403)
        }
    }

    @Test func aNetworkInUseStays() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, subnet) = try await api.makeNetwork()
            let port = try await api.makePort(["network_id": .string(network)])
            let used = try await api.send(.delete, "/v2.0/networks/\(network)")
            #expect(used.status == 409 && used.errorType == "NetworkInUse")
            let numbered = try await api.send(.delete, "/v2.0/subnets/\(subnet)")
            #expect(numbered.status == 409 && numbered.errorType == "SubnetInUse")
            let id = try #require(port["id"]?.text)
            #expect(try await api.send(.delete, "/v2.0/ports/\(id)").status == 204)
            #expect(try await api.send(.delete, "/v2.0/networks/\(network)").status == 204)
            #expect(try await api.get("subnets/\(subnet)").errorType == "SubnetNotFound")
        }
    }

    static let refusals: [(String, JSONValue, Int, String)] = [
        ("network", ["provider:network_type": "vxlan"], 400, "InvalidInput"),
        ("network", ["provider:network_type": "warp"], 400, "InvalidInput"),
        ("network", ["mtu": 9_999], 400, "HTTPBadRequest"),
        ("network", ["is_default": true], 400, "HTTPBadRequest"),
        (
            "network", ["provider:network_type": "vlan", "provider:segmentation_id": 7], 409,
            "VlanIdInUse"
        ),
        ("subnet", ["cidr": "10.1.0.128/25", "ip_version": 4], 400, "InvalidInput"),
        ("subnet", ["cidr": "10.2.0.1/24", "ip_version": 4], 400, "InvalidInput"),
        ("subnet", ["cidr": "10.2.0.0/24"], 400, "HTTPBadRequest"),
        ("subnet", ["cidr": "10.2.0.0/24", "ip_version": 5], 400, "HTTPBadRequest"),
        (
            "subnet",
            [
                "cidr": "10.2.0.0/24", "ip_version": 4, "gateway_ip": "10.2.0.9",
                "allocation_pools": [["start": "10.2.0.2", "end": "10.2.0.9"]],
            ], 409,
            "GatewayConflictWithAllocationPools"
        ),
        ("security_group", ["name": "default"], 409, "SecurityGroupDefaultAlreadyExists"),
    ]

    @Test(arguments: refusals.indices)
    func refusesInNeutronsWords(index: Int) async throws {
        let (noun, attributes, status, type) = Self.refusals[index]
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork(
                ["provider:network_type": "vlan", "provider:segmentation_id": 7], as: "admin")
            guard case .object(var members) = attributes else { return }
            if noun == "subnet" { members.append(.init("network_id", .string(network))) }
            let path = noun == "security_group" ? "security-groups" : noun + "s"
            let answer = try await api.post(
                path, .object([.init(noun, .object(members))]), as: "admin")
            #expect(answer.status == status, "\(attributes)")
            #expect(answer.errorType == type, "\(attributes)")
        }
    }

    @Test func aFailedBulkLeavesNothing() async throws {
        try await NetworkAPITestbed().talk { api in
            let answer = try await api.post(
                "networks", ["networks": [["name": "a"], ["name": "b", "mtu": 1]]])
            #expect(answer.status == 400)
            #expect(try await api.get("networks")["networks"] == [])
            let made = try await api.post("networks", ["networks": [["name": "a"]]])
            #expect(made["networks"]?.entries.count == 1)
        }
    }

    @Test func tagsComeAndGo() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, subnet) = try await api.makeNetwork()
            for path in ["networks/\(network)/tags", "subnets/\(subnet)/tags"] {
                let set = try await api.put(path, ["tags": ["a", "b", "a"]])
                #expect(set.json == ["tags": ["a", "b"]])
                #expect(try await api.put("\(path)/c%20d", nil).status == 201)
                #expect(try await api.get("\(path)/c%20d").status == 204)
                #expect(try await api.send(.delete, "/v2.0/\(path)/a").status == 204)
                #expect(try await api.send(.delete, "/v2.0/\(path)/a").status == 404)
                #expect(try await api.get(path).json == ["tags": ["b", "c d"]])
                #expect(try await api.send(.delete, "/v2.0/\(path)").status == 204)
                #expect(try await api.get(path).json == ["tags": []])
            }
        }
    }

    @Test func rulesAreMadeOnceAndRemoved() async throws {
        try await NetworkAPITestbed().talk { api in
            let group = try await api.post(
                "security-groups", ["security_group": ["name": "web"]])
            let id = try #require(group["security_group", "id"])
            let body: JSONValue = [
                "security_group_rule": [
                    "security_group_id": id, "direction": "ingress", "protocol": "tcp",
                    "port_range_min": 80, "port_range_max": 80,
                    "remote_ip_prefix": "10.1.2.3/16",
                ]
            ]
            let made = try await api.post("security-group-rules", body)
            #expect(made["security_group_rule", "normalized_cidr"] == "10.1.0.0/16")
            let again = try await api.post("security-group-rules", body)
            #expect(again.status == 409 && again.errorType == "SecurityGroupRuleExists")
            let rule = try #require(made["security_group_rule", "id"]?.text)
            let path = "/v2.0/security-group-rules/" + rule
            #expect(try await api.send(.delete, path, as: "other").status == 404)
            #expect(try await api.send(.delete, path).status == 204)
            #expect(try await api.send(.delete, path).errorType == "SecurityGroupRuleNotFound")
        }
    }

    @Test func agentsAreTheComputeHosts() async throws {
        let bed = try await NetworkAPITestbed()
        var dead = ComputeHost(
            id: .init("h2"), name: "compute2", zone: "nova",
            createdAt: Date(timeIntervalSince1970: 1_790_000_000))
        dead.forcedDown = true
        let alive = ComputeHost(
            id: .init("h1"), name: "compute1", zone: "nova",
            createdAt: Date(timeIntervalSince1970: 1_790_000_000))
        let hosts = [dead, alive]
        try await bed.context.documents.transact { for host in hosts { try $0.insert(host) } }
        try await bed.talk { api in
            let agents = try await api.get("agents", as: "admin")["agents"]?.entries ?? []
            #expect(agents.map { $0["host"] } == ["compute1", "compute2"])
            #expect(agents.map { $0["alive"] } == [true, false])
            #expect(agents.first?["binary"] == "millrace-agent")
            #expect(agents.first?["created_at"] == "2026-09-21 14:13:20")
            #expect(try await api.get("agents").status == 403)
            #expect(try await api.get("agents/h9", as: "admin").errorType == "AgentNotFound")
        }
    }

    @Test func quotasAreShownToTheirProject() async throws {
        try await NetworkAPITestbed { $0.portsPerProjectMax = 7 }.talk { api in
            let (network, _) = try await api.makeNetwork()
            _ = try await api.makePort(["network_id": .string(network)])
            let project = NetworkTokens.project.text
            #expect(try await api.get("quotas/\(project)")["quota", "port"] == 7)
            let details = try await api.get("quotas/\(project)/details.json")
            #expect(details["quota", "port"]?.inOrder == ["limit": 7, "reserved": 0, "used": 1])
            #expect(try await api.get("quotas/\(project)", as: "other").status == 403)
            let change = try await api.put(
                "quotas/\(project)", ["quota": ["port": 9]], as: "admin")
            #expect(change.status == 501)
        }
    }
}
