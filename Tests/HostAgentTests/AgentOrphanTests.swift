import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import Testing

/// What becomes of guests that no assignment names.
@Suite(.timeLimit(.minutes(1))) struct AgentOrphanTests {
    /// A host with a running guest, and the record of the agent that started it.
    private func stageWithGuest() async -> Stage {
        let stage = Stage()
        await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            await stage.plane.report(.settled)
        }
        return stage
    }

    @Test func destroysThemWhenTheControlPlaneHasSpoken() async {
        let stage = await stageWithGuest()
        await stage.withAgent {
            stage.plane.assign()
            await stage.host { $0.guests.isEmpty && $0.vifs.isEmpty && $0.disks.isEmpty }
        }
    }

    @Test func doesNothingWhileTheControlPlaneIsAway() async {
        let stage = await stageWithGuest()
        let before = stage.host.snapshot
        let calls = stage.host.calls.count
        stage.plane.change {
            $0.problem = .unreachable("away")
            $0.assignments = []
            $0.hellos = 0
        }
        await stage.withAgent {
            await stage.plane.first { $0.hellos > 20 }
            stage.host.setConditions([])
            await stage.plane.first { $0.hellos > 40 }
        }
        #expect(stage.host.snapshot == before)
        #expect(stage.host.calls.count == calls)
    }

    @Test func goesOnWhenTheControlPlaneComesBack() async {
        let stage = Stage()
        stage.plane.change { $0.problem = .unreachable("away") }
        await stage.withAgent {
            await stage.plane.first { $0.hellos > 5 }
            stage.plane.change { $0.problem = nil }
            stage.plane.assign(Fixture.assignment(.running))
            await stage.plane.report(.settled)
        }
        #expect(stage.clock.waits.max() == .seconds(16) || stage.clock.waits.max() == .seconds(30))
    }

    @Test func keepsThemWhenTheControlPlaneKnowsLess() async {
        let stage = await stageWithGuest()
        let before = stage.host.snapshot
        await checkKept(stage, before) {
            $0.assignments = []
            $0.revision = 1
        }
        // Once it has caught up, its word counts again.
        await stage.withAgent {
            stage.plane.change { $0.revision = 1000 }
            await stage.host { $0.guests[Fixture.instance] == nil && $0.guests.count == 1 }
        }
    }

    @Test func keepsThemWhenTheControlPlaneIsAnother() async {
        let stage = await stageWithGuest()
        let before = stage.host.snapshot
        await checkKept(stage, before) {
            $0.assignments = []
            $0.revision = 1000
            $0.hostID = HostID("another")
        }
    }

    private func checkKept(
        _ stage: Stage, _ before: SimulatedSnapshot,
        _ change: (inout ScriptedControlPlane.State) -> Void
    ) async {
        stage.plane.change(change)
        await stage.withAgent {
            await stage.plane.first {
                $0.hostReports.last?.conditions.map(\.code) == ["orphans-kept"]
            }
            // A pass that has seen the batch is over when a new guest was settled.
            let other = InstanceID("i2")
            let assignment = Fixture.assignment(.running, ports: [3], instance: other)
            stage.plane.change {
                $0.assignments = [assignment]
                $0.revision += 1
            }
            await stage.plane.report(.settled, of: other)
            let now = stage.host.snapshot
            #expect(now.guests[Fixture.instance] == before.guests[Fixture.instance])
            #expect(now.vifs[Fixture.port(1)] == before.vifs[Fixture.port(1)])
            #expect(now.disks[Fixture.instance] == before.disks[Fixture.instance])
        }
    }
}
