import AgentProtocol
import ComputeModel
import Foundation
import HostAgent
import HostDrivers
import SimulatedDrivers
import TestSupport

/// One simulated host and control plane, with agents that come and go.
final class Stage: Sendable {
    let host: SimulatedHost
    let plane = ScriptedControlPlane()
    let record: MemoryRecordStore
    let clock = ImmediateClock(bound: .seconds(61))

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
    @discardableResult
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
    /// returned; false when it was not killed before. Throws when it was neither.
    func isKilled(
        atCall call: Int, before isDone: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        let severed = host.severed()
        let agent = agent()
        host.sever(atCall: call)
        let run = Task { await agent.run() }
        let end = await withTaskGroup(of: Result<Bool, any Error>.self) { group in
            group.addTask {
                await Result {
                    // The other wait gives up first.
                    try await awaiting(
                        "the death at call \(call)", in: severed, limit: Patience.wait * 2
                    ) { _ in true }
                    return true
                }
            }
            group.addTask {
                await Result {
                    try await isDone()
                    return false
                }
            }
            // The other one is cancelled, and what it says of that is nobody's business.
            defer { group.cancelAll() }
            return await group.next() ?? .success(false)
        }
        host.sever()
        run.cancel()
        await run.value
        return try end.get()
    }

    /// Waits for a state of the host, which is `what`.
    @discardableResult
    func host(
        _ what: String, file: String = #fileID, line: Int = #line,
        where condition: @escaping @Sendable (SimulatedSnapshot) -> Bool
    ) async throws -> SimulatedSnapshot {
        try await awaiting(
            what, in: host.changes(), file: file, line: line, where: condition)
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

extension Result where Failure == any Error {
    /// What came of `body`.
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
