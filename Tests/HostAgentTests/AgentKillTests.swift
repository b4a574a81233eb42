import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

/// Killed before any of its driver calls, an agent leaves something that the next one brings to
/// the same end.
@Suite(.bounded) struct AgentKillTests {
    struct Scenario: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Brought about before anything is killed, one after the other.
        let before: [Assignment]
        /// What the killed agent and its successor are asked.
        let asked: Assignment
        let phase: GuestPhase
    }

    static let scenarios = [
        Scenario(
            testDescription: "start", before: [], asked: Fixture.assignment(.running),
            phase: .settled),
        Scenario(
            testDescription: "stop", before: [Fixture.assignment(.running)],
            asked: Fixture.assignment(.stopped, generation: 2), phase: .settled),
        Scenario(
            testDescription: "start again", before: [Fixture.assignment(.stopped)],
            asked: Fixture.assignment(.running, generation: 2), phase: .settled),
        Scenario(
            testDescription: "remove", before: [Fixture.assignment(.running)],
            asked: Fixture.assignment(.absent, generation: 2), phase: .absent),
        Scenario(
            testDescription: "suspend", before: [Fixture.assignment(.running)],
            asked: Fixture.assignment(.suspended, generation: 2), phase: .settled),
        Scenario(
            testDescription: "resume",
            before: [
                Fixture.assignment(.running), Fixture.assignment(.suspended, generation: 2),
            ],
            asked: Fixture.assignment(.running, generation: 3), phase: .settled),
        Scenario(
            testDescription: "pause", before: [Fixture.assignment(.running)],
            asked: Fixture.assignment(.paused, generation: 2), phase: .settled),
        Scenario(
            testDescription: "attach", before: [Fixture.assignment(.running, ports: [1])],
            asked: Fixture.assignment(.running, generation: 2), phase: .settled),
        Scenario(
            testDescription: "detach", before: [Fixture.assignment(.running)],
            asked: Fixture.assignment(.running, generation: 2, ports: [1]), phase: .settled),
        Scenario(
            testDescription: "rebuild", before: [Fixture.assignment(.running)],
            asked: rebuilt, phase: .settled),
        Scenario(
            testDescription: "export", before: [Fixture.assignment(.running)],
            asked: exported, phase: .settled),
    ]

    private static var rebuilt: Assignment {
        var assignment = Fixture.assignment(.running, generation: 2)
        assignment.definedSince = 2
        assignment.guest.rootBuild = 1
        assignment.guest.keptRootBuilds = [0]
        return assignment
    }

    private static var exported: Assignment {
        var assignment = Fixture.assignment(.running, generation: 2)
        assignment.export = DiskExport(imageID: ImageID("copy"))
        return assignment
    }

    @Test(arguments: scenarios)
    func endsTheSame(_ scenario: Scenario) async throws {
        let reference = try await prepare(scenario)
        try await reference.withAgent {
            reference.plane.assign(scenario.asked)
            try await reference.plane.report(
                scenario.phase, generation: scenario.asked.generation)
        }
        let expected = reference.host.snapshot
        // Host report, first look and the look after the work are calls, too.
        let callsMax = reference.host.calls.count + 4
        var kills = 0
        for call in 1...callsMax {
            let stage = try await prepare(scenario)
            stage.plane.assign(scenario.asked)
            let wasKilled = try await stage.isKilled(atCall: call) {
                try await stage.plane.report(
                    scenario.phase, generation: scenario.asked.generation)
            }
            if wasKilled { kills += 1 }
            try await stage.withAgent {
                try await stage.plane.report(
                    scenario.phase, generation: scenario.asked.generation)
            }
            #expect(stage.host.snapshot == expected, "killed at call \(call)")
            #expect(stage.count(.start) <= 2 + (scenario.before.isEmpty ? 0 : 1))
        }
        #expect(kills >= 8)
    }

    private func prepare(_ scenario: Scenario) async throws -> Stage {
        let stage = Stage()
        for before in scenario.before {
            try await stage.withAgent {
                stage.plane.assign(before)
                try await stage.plane.report(.settled, generation: before.generation)
            }
        }
        return stage
    }
}
