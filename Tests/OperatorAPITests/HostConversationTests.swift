import ComputeModel
import Conductor
import JSON
import OperatorAPI
import RequestPipeline
import Testing

@Suite struct HostConversationTests {
    @Test func aHostIsShownWithItsFactsAndWhatIsTaken() async throws {
        let bed = try await OperatorTestbed()
        bed.conductor.hub.liveness.heard(FleetDocuments.first)
        try await bed.talk { client in
            let host = try await client.send(.get, "/v1/hosts/compute-1")
            #expect(host.status == 200)
            #expect(host.at("id") == .string(FleetDocuments.first.text))
            #expect(host.at("state") == "up")
            #expect(host.at("hypervisor.version") == "8.2.1")
            #expect(host.at("hypervisor.libvirt_version") == "10.0.0")
            #expect(
                host.at("capacity.total")
                    == ["disk_gib": 200, "memory_mib": 16_384, "vcpus": 32])
            #expect(
                host.at("capacity.taken") == ["disk_gib": 20, "memory_mib": 2_048, "vcpus": 4])
            #expect(
                host.at("devices") == [
                    "PF": ["allocated": 0, "available": 0, "claimed": 0, "unavailable": 1],
                    "vdpa": ["allocated": 1, "available": 1, "claimed": 0, "unavailable": 1],
                ])
            #expect(host.at("conditions.0.code") == "old-kernel")
            guard case .integer(let heard)? = host.at("last_heard_ms") else {
                Issue.record("no last_heard_ms in \(host.json)")
                return
            }
            #expect(heard >= 0)
            let byID = try await client.send(.get, "/v1/hosts/\(FleetDocuments.first)")
            #expect(byID.at("name") == "compute-1")
        }
    }

    @Test func aHostThatNeverReportedHasNoFacts() async throws {
        try await OperatorTestbed().talk { client in
            let hosts = try await client.send(.get, "/v1/hosts")
            #expect(hosts.column("hosts", "name") == ["compute-1", "compute-2"])
            #expect(hosts.at("hosts.1.hypervisor") == .null)
            #expect(hosts.at("hosts.1.capacity.total") == .null)
            #expect(hosts.at("hosts.1.last_heard_ms") == .null)
            #expect(hosts.at("hosts.1.devices") == .object([]))
        }
    }

    @Test func unknownHostsAreNamed() async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.get, "/v1/hosts/compute-9")
            #expect(answer.status == 404)
            #expect(answer.message == "There is no host 'compute-9'.")
        }
    }

    @Test func disablingAndForcingDownAreKeptAndTakenBack() async throws {
        try await OperatorTestbed().talk { client in
            var host = try await client.send(
                .put, "/v1/hosts/compute-1", ["disabled": true, "reason": "memory"])
            #expect(host.status == 200)
            #expect(host.at("disabled") == true)
            #expect(host.at("disabled_reason") == "memory")
            host = try await client.send(.put, "/v1/hosts/compute-1", ["forced_down": true])
            #expect(host.at("state") == "down")
            #expect(host.at("disabled_reason") == "memory")
            host = try await client.send(
                .put, "/v1/hosts/compute-1", ["disabled": false, "forced_down": false])
            #expect(host.at("state") == "up")
            host = try await client.send(.get, "/v1/hosts/compute-1")
            #expect(host.at("disabled") == false)
            #expect(host.at("disabled_reason") == .null)
        }
    }

    @Test(
        arguments: [
            ([:], "Nothing is to be changed"), (["disable": true], "Did you mean 'disabled'?"),
            (["disabled": "maybe"], "expected a boolean"),
            (["reason": "why", "forced_down": true], "'reason'"),
            (["disabled": true, "reason": ""], "1 to 255"),
        ] as [(JSONValue, String)])
    func wrongChangesAreRefused(body: JSONValue, told: String) async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.put, "/v1/hosts/compute-1", body)
            #expect(answer.status == 400)
            #expect(answer.message.contains(told), "\(answer.message)")
            let host = try await client.send(.get, "/v1/hosts/compute-1")
            #expect(host.at("disabled") == false && host.at("forced_down") == false)
        }
    }

    @Test func joinTokensAreIssuedForNewHosts() async throws {
        try await OperatorTestbed(joinTokens: FakeTokenIssuer()).talk { client in
            let issued = try await client.send(.post, "/v1/hosts/compute-7/join-token")
            #expect(issued.status == 201)
            #expect(issued.at("token") == "token-for-compute-7")
            #expect(issued.at("expires_at") == "2027-01-15T08:00:00.000Z")
            let refused = try await client.send(.post, "/v1/hosts/a_b/join-token")
            #expect(refused.status == 400)
        }
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.post, "/v1/hosts/compute-7/join-token")
            #expect(answer.status == 501)
        }
    }
}
