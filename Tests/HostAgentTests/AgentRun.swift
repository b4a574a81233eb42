import AgentProtocol
import ComputeModel
import Foundation
import HostAgent
import HostDrivers
import SimulatedDrivers

/// One simulated host and control plane, with agents that come and go.
final class Stage: Sendable {
    let host: SimulatedHost
    let plane = ScriptedControlPlane()
    let record: MemoryRecordStore
    let clock = PatientClock()

    init(
        record: LocalRecord? = nil, name: String = "h",
        neighbours: SimulatedNeighbours = SimulatedNeighbours()
    ) {
        var spec = Fixture.spec
        spec.name = name
        host = SimulatedHost(spec, neighbours: neighbours)
        self.record = MemoryRecordStore(record)
    }

    /// Settings under which only signals make the agent look.
    static var settings: AgentSettings {
        var settings = AgentSettings()
        settings.rescanInterval = .seconds(100_000)
        return settings
    }

    /// An agent of its own incarnation: once killed, neither host, link nor record hear of it.
    func agent(
        settings: AgentSettings = Stage.settings, configuredName: String? = nil
    ) -> HostAgent {
        let drivers = host.drivers()
        let incarnation = host.incarnation
        let isAlive: @Sendable () -> Bool = { [host] in host.incarnation == incarnation }
        var identity = AgentIdentity(
            hostName: host.spec.name, zone: "nova", agentVersion: "1", address: "192.0.2.1")
        identity.configuredName = configuredName
        identity.migrationURI = host.migrationURI
        return HostAgent(
            identity: identity,
            link: plane.link(isAlive: isAlive), drivers: drivers,
            recordStore: MortalRecordStore(store: record, isAlive: isAlive),
            settings: settings,
            environment: AgentEnvironment(
                clock: clock, now: { Fixture.now }, jitter: { 1 }),
            logger: Fixture.logger)
    }

    /// Runs an agent while `body` runs.
    func withAgent<Answer: Sendable>(
        settings: AgentSettings = Stage.settings, configuredName: String? = nil,
        _ body: () async throws -> Answer
    ) async rethrows -> Answer {
        let agent = agent(settings: settings, configuredName: configuredName)
        let task = Task { await agent.run() }
        do {
            let answer = try await body()
            task.cancel()
            await task.value
            return answer
        } catch {
            task.cancel()
            await task.value
            throw error
        }
    }

    /// Runs an agent until it is killed before its `call`-th driver call, or until `isDone` has
    /// returned; false when it was not killed before.
    func isKilled(atCall call: Int, before isDone: @escaping @Sendable () async -> Void) async
        -> Bool
    {
        let severed = host.severed()
        let agent = agent()
        host.sever(atCall: call)
        let run = Task { await agent.run() }
        let wasKilled = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in severed { return true }
                return false
            }
            group.addTask {
                await isDone()
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        host.sever()
        run.cancel()
        await run.value
        return wasKilled
    }

    /// Waits for a state of the host.
    @discardableResult
    func host(where condition: (SimulatedSnapshot) -> Bool) async -> SimulatedSnapshot? {
        for await snapshot in host.changes() where condition(snapshot) { return snapshot }
        return nil
    }

    /// Calls of one operation so far.
    func count(_ operation: SimulatedOperation) -> Int {
        host.calls.count { $0.operation == operation }
    }
}

/// A record that a killed agent can't write any more.
struct MortalRecordStore: LocalRecordStore {
    let store: MemoryRecordStore
    let isAlive: @Sendable () -> Bool

    func load() async throws(LocalRecordError) -> LocalRecord? { try await store.load() }

    func save(_ record: LocalRecord) async throws(LocalRecordError) {
        guard isAlive() else { throw .unwritable("the agent is dead") }
        try await store.save(record)
    }
}
