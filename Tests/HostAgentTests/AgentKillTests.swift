import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import Testing

/// Killed before any of its driver calls, an agent leaves something that the next one brings to
/// the same end.
@Suite(.timeLimit(.minutes(2))) struct AgentKillTests {
    struct Scenario: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Brought about before anything is killed.
        let before: Assignment?
        /// What the killed agent and its successor are asked.
        let asked: Assignment
        let phase: GuestPhase
    }

    static let scenarios = [
        Scenario(
            testDescription: "start", before: nil, asked: Fixture.assignment(.running),
            phase: .settled),
        Scenario(
            testDescription: "stop", before: Fixture.assignment(.running),
            asked: Fixture.assignment(.stopped, generation: 2), phase: .settled),
        Scenario(
            testDescription: "start again", before: Fixture.assignment(.stopped),
            asked: Fixture.assignment(.running, generation: 2), phase: .settled),
        Scenario(
            testDescription: "remove", before: Fixture.assignment(.running),
            asked: Fixture.assignment(.absent, generation: 2), phase: .absent),
    ]

    @Test(arguments: scenarios)
    func endsTheSame(_ scenario: Scenario) async throws {
        let reference = try await prepare(scenario)
        await reference.withAgent {
            reference.plane.assign(scenario.asked)
            _ = await reference.plane.report(
                scenario.phase, generation: scenario.asked.generation)
        }
        let expected = reference.host.snapshot
        // Host report, first look and the look after the work are calls, too.
        let callsMax = reference.host.calls.count + 4
        var kills = 0
        for call in 1...callsMax {
            let stage = try await prepare(scenario)
            if await killed(stage, scenario, atCall: call) { kills += 1 }
            await stage.withAgent {
                _ = await stage.plane.report(
                    scenario.phase, generation: scenario.asked.generation)
            }
            #expect(stage.host.snapshot == expected, "killed at call \(call)")
            #expect(stage.count(.start) <= 2 + (scenario.before == nil ? 0 : 1))
        }
        #expect(kills >= 8)
    }

    private func prepare(_ scenario: Scenario) async throws -> Stage {
        let stage = Stage()
        if let before = scenario.before {
            await stage.withAgent {
                stage.plane.assign(before)
                await stage.plane.report(.settled)
            }
        }
        return stage
    }

    /// Runs an agent into its death; false when it was done before.
    private func killed(_ stage: Stage, _ scenario: Scenario, atCall call: Int) async -> Bool {
        let severed = stage.host.severed()
        let agent = stage.agent()
        stage.host.sever(atCall: call)
        stage.plane.assign(scenario.asked)
        let run = Task { await agent.run() }
        let wasKilled = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in severed { return true }
                return false
            }
            group.addTask {
                await stage.plane.report(
                    scenario.phase, generation: scenario.asked.generation)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        stage.host.sever()
        run.cancel()
        await run.value
        return wasKilled
    }
}
