import ComputeModel
import SimulatedDrivers
import TestSupport
import Testing

@testable import Conductor

/// Agents die in the middle of operations that were asked of the real control plane, and start
/// again. What was accepted is carried through or taken back, and nothing is left half done.
@Suite(.bounded) struct AgentDeathTests {
    // MARK: Reports

    /// Workflows that the instance's first host has no part in.
    private static let elsewhere = ["evacuate_instance", "unshelve_instance"]
    /// More messages than an agent sends for an operation.
    private static let reportsMax = 40

    /// Every workflow, and every message of guests that a host sends meanwhile.
    @Test(arguments: WorkflowTable.rows.map(\.scenario), ["h1", "h2"])
    func atAReport(_ scenario: LifecycleScenario, _ host: String) async throws {
        var toll = AgentDeath.Toll()
        try await scenario.run { bed in
            for moment in ReportDeaths.Moment.allCases {
                let deaths = (1...Self.reportsMax).map { number in
                    AgentDeath(host: host, detail: "\(moment) report \(number)") { bed, _ in
                        bed.reportDeaths.set(moment, at: number, of: host)
                    } disarm: { bed, _ in
                        bed.reportDeaths.cancel(of: host)
                    }
                }
                guard try await toll.take(deaths, during: scenario, in: bed) else { break }
            }
        }
        print("\(scenario.testDescription): agent of \(host) killed at \(toll.deaths) reports")
        #expect(toll.successes > 0 || toll.deaths == 0)
        if host == "h1", !Self.elsewhere.contains(scenario.testDescription) {
            #expect(toll.deaths >= ReportDeaths.Moment.allCases.count)
        }
    }

    // MARK: Driver calls

    /// More driver calls than an agent makes for an operation.
    private static let callsMax = 90
    /// Each so many-th driver call is tried.
    private static let callStride = 4

    @Test(arguments: LifecycleCrashTests.scenarios, ["h1", "h2"])
    func atADriverCall(_ scenario: LifecycleScenario, _ host: String) async throws {
        let moments = stride(from: 3, to: Self.callsMax, by: Self.callStride)
        let deaths = moments.map { call in
            AgentDeath(host: host, detail: "call \(call)") { _, host in
                host.sever(atCall: call)
            } disarm: { _, host in
                host.sever(atCall: .max)
                // Dead ones are told by their incarnation.
                return true
            }
        }
        var toll = AgentDeath.Toll()
        try await scenario.run { _ = try await toll.take(deaths, during: scenario, in: $0) }
        print("\(scenario.testDescription): agent of \(host) killed at \(toll.deaths) driver calls")
        #expect(toll.successes > 0 || toll.deaths == 0)
    }
}

/// One death of the agent of one host during an operation.
private struct AgentDeath: Sendable {
    let host: String
    /// For messages: when it dies.
    let detail: String
    let arm: @Sendable (InstanceTestbed, SimulatedHost) -> Void
    /// False: it is dead, or about to be.
    let disarm: @Sendable (InstanceTestbed, SimulatedHost) -> Bool

    /// Whether it came to that, and whether what was asked is done; nil when no agent runs there.
    /// Nothing is left of the scene.
    func happen(
        during scenario: LifecycleScenario, in bed: InstanceTestbed
    ) async throws -> (wasKilled: Bool, isDone: Bool)? {
        let scene = try await scenario.scene(in: bed)
        guard await bed.fleet.namesOfRunningAgents.contains(host) else { return nil }
        let end = try await die(scenario, scene)
        try await scenario.retire(scene)
        try await scene.clear()
        return end
    }

    private func die(
        _ scenario: LifecycleScenario, _ scene: Scene
    ) async throws -> (wasKilled: Bool, isDone: Bool) {
        let bed = scene.bed
        let simulated = try bed.host(host)
        let before = try scene.picture()
        // Calls and messages are counted from the agent's start.
        try await revive(bed)
        let deaths = simulated.severed()
        let reviver = Task {
            for await _ in deaths {
                try await bed.fleet.stopAgent(host)
                try await bed.fleet.startAgent(host)
                return true
            }
            return false
        }
        let incarnation = simulated.incarnation
        arm(bed, simulated)
        _ = await Refusal.of { try await scenario.perform(scene) }
        try await bed.idle()
        // Some workflows don't wait for what hosts do in the end.
        try await answered(bed)
        let isSpared = disarm(bed, simulated)
        if isSpared { reviver.cancel() }
        let wasRevived = try await reviver.value
        let wasKilled = simulated.incarnation != incarnation
        if wasKilled, !wasRevived { try await revive(bed) }
        do {
            let end = try await scene.becomes([before.with(scenario.changes), before])
            return (wasKilled, end == 0)
        } catch {
            throw TestbedError(found: "\(host) killed at \(detail): \(error)")
        }
    }

    /// Waits until each agent that runs has answered what its host is assigned.
    private func answered(_ bed: InstanceTestbed) async throws {
        try await awaiting("answers to all that is assigned") {
            let running = await bed.fleet.namesOfRunningAgents
            let hosts = try Set(running.map { try bed.hostID($0) })
            let documents = try bed.documents
            return try documents.list(Assignment.self).map(\.value).filter { assignment in
                let answer = try documents.get(
                    GuestReport.self, "\(assignment.hostID)/\(assignment.instanceID)")?.value
                return hosts.contains(assignment.hostID)
                    && (answer?.generation != assignment.generation || answer?.phase == .working)
            }
        } until: {
            $0.isEmpty
        }
    }

    private func revive(_ bed: InstanceTestbed) async throws {
        try await bed.fleet.killAgent(host)
        try await bed.fleet.startAgent(host)
    }
}

extension AgentDeath {
    /// What came of deaths at one moment after the other.
    fileprivate struct Toll {
        private(set) var deaths = 0
        private(set) var successes = 0

        /// One operation for each of `deaths`, until one would have come after its end: that one
        /// must be done. False when no agent runs on the host.
        mutating func take(
            _ deaths: [AgentDeath], during scenario: LifecycleScenario, in bed: InstanceTestbed
        ) async throws -> Bool {
            for death in deaths {
                guard let end = try await death.happen(during: scenario, in: bed) else {
                    return false
                }
                if end.isDone { successes += 1 }
                guard end.wasKilled else {
                    #expect(end.isDone, "nobody died, and it is not done")
                    return true
                }
                self.deaths += 1
            }
            return true
        }
    }
}
