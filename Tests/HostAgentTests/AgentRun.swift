import AgentProtocol
import ComputeModel
import Foundation
import HostAgent
import HostDrivers
import SimulatedDrivers

/// One simulated host and control plane, with agents that come and go.
final class Stage: Sendable {
    let host = SimulatedHost(Fixture.spec)
    let plane = ScriptedControlPlane()
    let record: MemoryRecordStore
    let clock = PatientClock()

    init(record: LocalRecord? = nil) { self.record = MemoryRecordStore(record) }

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
            hostName: "h", zone: "nova", agentVersion: "1", address: "192.0.2.1")
        identity.configuredName = configuredName
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
