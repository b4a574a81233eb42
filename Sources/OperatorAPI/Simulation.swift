import ComputeModel
import JSON
import RequestPipeline

/// Where simulated hosts run, so that failures can be tried out.
public protocol SimulationControl: Sendable {
    /// All simulated hosts, in an order that stays.
    func hosts() async -> [SimulatedHostStatus]
    /// Starts the agent of a host; nothing happens when it runs.
    func startAgent(_ hostName: String) async throws
    /// Stops the agent of a host and returns when it is gone; guests go on running.
    func stopAgent(_ hostName: String) async throws
}

/// A simulated host.
public struct SimulatedHostStatus: Sendable, Equatable {
    /// The host's name.
    public var name: String
    /// Whether its agent runs.
    public var isAgentRunning: Bool

    /// A status; see the fields.
    public init(name: String, isAgentRunning: Bool) {
        self.name = name
        self.isAgentRunning = isAgentRunning
    }

    var json: JSONValue {
        ["name": .string(name), "agent_running": .bool(isAgentRunning)]
    }
}

extension OperatorService {
    func listSimulatedHosts(_ request: APIRequest) async throws -> APIResponse {
        .ok(["hosts": .array(try await simulated().hosts().map(\.json))])
    }

    func switchAgent(_ request: APIRequest) async throws -> APIResponse {
        let simulation = try simulated()
        let name = request.parameter("host")
        _ = try await status(name, simulation)
        var body = try BodyReader(try await request.json(), path: "agent", noun: .agent)
        guard let running = try body.bool("running") else { throw body.missing("running") }
        try body.finish()
        if running {
            try await simulation.startAgent(name)
        } else {
            try await simulation.stopAgent(name)
            try noteStopped(name)
        }
        return .ok(try await status(name, simulation).json)
    }

    private func simulated() throws -> any SimulationControl {
        guard let simulation else { throw DomainError.notFound(.fleet, "of simulated hosts") }
        return simulation
    }

    private func status(
        _ name: String, _ simulation: any SimulationControl
    ) async throws -> SimulatedHostStatus {
        guard let status = await simulation.hosts().first(where: { $0.name == name }) else {
            throw DomainError.notFound(.host, String(name.prefix(64)))
        }
        return status
    }

    /// The host counts as down at once instead of after its time: nobody who stops an agent by
    /// hand wants to wait. A host that never joined has nothing to note.
    private func noteStopped(_ name: String) throws {
        guard let view = try conductor.hosts.list().first(where: { $0.host.name == name }) else {
            return
        }
        conductor.hub.liveness.lost(view.host.id)
    }
}
