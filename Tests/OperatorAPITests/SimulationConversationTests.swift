import ComputeModel
import Conductor
import OperatorAPI
import RequestPipeline
import Testing

@Suite struct SimulationConversationTests {
    @Test func aStoppedAgentsHostIsDownAtOnce() async throws {
        let bed = try await OperatorTestbed(
            simulation: FakeSimulation(["compute-1": true, "compute-2": false]))
        bed.conductor.hub.liveness.heard(FleetDocuments.first)
        let hub = bed.conductor.hub
        try await bed.talk { client in
            let path = "/v1/simulation/hosts/compute-1/agent"
            var answer = try await client.send(.put, path, ["running": false])
            #expect(answer.status == 200)
            #expect(answer.json == ["agent_running": false, "name": "compute-1"])
            var host = try await client.send(.get, "/v1/hosts/compute-1")
            #expect(host.at("state") == "down")
            #expect(host.at("last_heard_ms") == .null)

            answer = try await client.send(.put, path, ["running": true])
            #expect(answer.at("agent_running") == true)
            hub.liveness.heard(FleetDocuments.first)
            host = try await client.send(.get, "/v1/hosts/compute-1")
            #expect(host.at("state") == "up")

            let all = try await client.send(.get, "/v1/simulation/hosts")
            #expect(all.column("hosts", "agent_running") == [true, false])
        }
    }

    @Test func aHostThatHasNotJoinedYetCanBeStopped() async throws {
        let bed = try await OperatorTestbed(simulation: FakeSimulation(["sim-1": true]))
        try await bed.talk { client in
            let answer = try await client.send(
                .put, "/v1/simulation/hosts/sim-1/agent", ["running": false])
            #expect(answer.at("agent_running") == false)
        }
    }

    @Test func hostsOutsideTheSimulationAreRefused() async throws {
        let bed = try await OperatorTestbed(simulation: FakeSimulation(["sim-1": true]))
        try await bed.talk { client in
            let answer = try await client.send(
                .put, "/v1/simulation/hosts/compute-1/agent", ["running": false])
            #expect(answer.status == 404)
            #expect(answer.message == "There is no host 'compute-1'.")
            let empty = try await client.send(.put, "/v1/simulation/hosts/sim-1/agent", [:])
            #expect(empty.status == 400)
        }
    }

    @Test func aServerWithoutSimulationSaysSo() async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.get, "/v1/simulation/hosts")
            #expect(answer.status == 404)
            #expect(
                answer.message
                    == "This server drives real hosts: it has no simulated ones to list or change.")
        }
    }
}
