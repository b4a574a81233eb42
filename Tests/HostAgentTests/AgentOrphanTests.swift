import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

/// What becomes of guests that no assignment names.
@Suite(.endsTheHung) struct AgentOrphanTests {
    /// A host with a running guest, and the record of the agent that started it.
    private func stageWithGuest() async throws -> Stage {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
        }
        return stage
    }

    @Test func destroysThemWhenTheControlPlaneHasSpoken() async throws {
        let stage = try await stageWithGuest()
        try await stage.withAgent {
            stage.plane.assign()
            try await stage.host("nothing to be left on the host") {
                $0.guests.isEmpty && $0.vifs.isEmpty && $0.disks.isEmpty
            }
        }
    }

    @Test func doesNothingWhileTheControlPlaneIsAway() async throws {
        let stage = try await stageWithGuest()
        let before = stage.host.snapshot
        let calls = stage.host.calls.count
        stage.plane.change {
            $0.problem = .unreachable("away")
            $0.assignments = []
            $0.hellos = 0
        }
        try await stage.withAgent {
            try await stage.plane.awaiting("more than 20 hellos") { $0.hellos > 20 }
            stage.host.setConditions([])
            try await stage.plane.awaiting("more than 40 hellos") { $0.hellos > 40 }
        }
        #expect(stage.host.snapshot == before)
        #expect(stage.host.calls.count == calls)
    }

    @Test func goesOnWhenTheControlPlaneComesBack() async throws {
        let stage = Stage()
        stage.plane.change { $0.problem = .unreachable("away") }
        try await stage.withAgent {
            try await stage.plane.awaiting("more than 5 hellos") { $0.hellos > 5 }
            stage.plane.change { $0.problem = nil }
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
        }
        #expect(stage.clock.waits.max() == .seconds(16) || stage.clock.waits.max() == .seconds(30))
    }

    @Test func keepsThemWhenTheControlPlaneKnowsLess() async throws {
        let stage = try await stageWithGuest()
        let before = stage.host.snapshot
        try await checkKept(stage, before) {
            $0.assignments = []
            $0.revision = 1
        }
        // Once it has caught up, its word counts again.
        try await stage.withAgent {
            stage.plane.change { $0.revision = 1000 }
            try await stage.host("the other guest to be alone") {
                $0.guests[Fixture.instance] == nil && $0.guests.count == 1
            }
        }
    }

    @Test func keepsThemWhenTheControlPlaneIsAnother() async throws {
        let stage = try await stageWithGuest()
        let before = stage.host.snapshot
        try await checkKept(stage, before) {
            $0.assignments = []
            $0.revision = 1000
            $0.hostID = HostID("another")
        }
    }

    private func checkKept(
        _ stage: Stage, _ before: SimulatedSnapshot,
        _ change: (inout ScriptedControlPlane.State) -> Void
    ) async throws {
        stage.plane.change(change)
        try await stage.withAgent {
            try await stage.plane.awaiting("a host report that orphans are kept") {
                $0.hostReports.last?.conditions.map(\.code) == ["orphans-kept"]
            }
            // A pass that has seen the batch is over when a new guest was settled.
            let other = InstanceID("i2")
            let assignment = Fixture.assignment(.running, ports: [3], instance: other)
            stage.plane.change {
                $0.assignments = [assignment]
                $0.revision += 1
            }
            try await stage.plane.report(.settled, of: other)
            let now = stage.host.snapshot
            #expect(now.guests[Fixture.instance] == before.guests[Fixture.instance])
            #expect(now.vifs[Fixture.port(1)] == before.vifs[Fixture.port(1)])
            #expect(now.disks[Fixture.instance] == before.disks[Fixture.instance])
        }
    }
}
