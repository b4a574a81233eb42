import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

/// NICs that come and go while the guest runs.
@Suite(.endsTheHung) struct AgentHotplugTests {
    private let p1 = Fixture.port(1)
    private let p2 = Fixture.port(2)

    /// Settings under which a guest is asked so often.
    private var settings: AgentSettings {
        var settings = Stage.settings
        settings.detachAttempts = 3
        return settings
    }

    private func interfaces(_ stage: Stage) -> [PortID] {
        stage.host.snapshot.guests[Fixture.instance]?.plan.interfaces.map(\.portID) ?? []
    }

    @Test func attachesToARunningGuest() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running, ports: [1]))
            try await stage.plane.report(.settled)
            stage.plane.assign(Fixture.assignment(.running, generation: 2))
            let report = try await stage.plane.report(.settled, generation: 2)
            #expect(report.portsUp == [p1, p2])
            #expect(interfaces(stage) == [p1, p2])
            #expect(stage.count(.start) == 1)
            let device = stage.host.snapshot.devices.first { $0.vdpaName == "vdpa2" }
            #expect(device?.macAddress == Fixture.interface(2).macAddress)
        }
    }

    @Test(arguments: [
        SimulatedOperation.setMAC, .plug, .attach,
    ])
    func anAttachThatFailsIsTakenBack(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running, ports: [1]))
            try await stage.plane.report(.settled)
            stage.host.set(.permanent(), on: operation)
            stage.plane.assign(Fixture.assignment(.running, generation: 2))
            try await stage.plane.report(.failed, generation: 2, power: .running)
            #expect(interfaces(stage) == [p1])
            stage.plane.assign(Fixture.assignment(.running, generation: 3, ports: [1]))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(Set(stage.host.snapshot.vifs.keys) == [p1])
            #expect(stage.count(.start) == 1)
        }
    }

    @Test func detachesBeforeItUnplugs() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.set(.stall, on: .detach)
            stage.plane.assign(Fixture.assignment(.running, generation: 2, ports: [1]))
            try await stage.plane.awaiting("the detaching of p2") {
                $0.latest(Fixture.instance)?.detail == "detaching the NIC of port p2"
            }
            #expect(stage.host.snapshot.vifs[p2] != nil)
            stage.host.heal()
            try await stage.plane.report(.settled, generation: 2)
            #expect(interfaces(stage) == [p1])
            #expect(Set(stage.host.snapshot.vifs.keys) == [p1])
        }
    }

    /// NIC, switch port, device and definition stay as they were.
    @Test func aDetachThatIsNeverAnsweredChangesNothing() async throws {
        let stage = Stage()
        try await stage.withAgent(settings: settings) {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            let before = stage.host.snapshot
            stage.host.ignoreUnplug(Fixture.instance)
            stage.plane.assign(Fixture.assignment(.running, generation: 2, ports: [1]))
            let report = try await stage.plane.report(.failed, generation: 2)
            #expect(
                report.failure
                    == "The server did not release port p2; the port is still attached to it.")
            #expect(report.detail.contains("3 times"))
            #expect(report.power == .running)
            #expect(stage.count(.detach) == 3)
            #expect(stage.host.snapshot == before)
            // Its wires are mended, its NIC is not asked for again.
            stage.host.removeVIF(p1)
            try await stage.host("p1 to be plugged") { $0.vifs[p1] != nil }
            #expect(stage.count(.detach) == 3)
            #expect(stage.plane.state.latest(Fixture.instance)?.phase == .failed)
        }
        // The next agent leaves it, too, until it is asked anew.
        stage.host.ignoreUnplug(Fixture.instance, false)
        try await stage.withAgent(settings: settings) {
            try await stage.plane.report(.failed, generation: 2)
            #expect(stage.count(.detach) == 3)
            stage.plane.assign(Fixture.assignment(.running, generation: 3, ports: [1]))
            try await stage.plane.report(.settled, generation: 3)
            #expect(interfaces(stage) == [p1])
            #expect(Set(stage.host.snapshot.vifs.keys) == [p1])
        }
    }

    @Test func aGuestThatAnswersLateIsAskedAgain() async throws {
        let stage = Stage()
        try await stage.withAgent(settings: settings) {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.ignoreUnplug(Fixture.instance)
            stage.host.set(.stall, on: .detach, call: 3)
            stage.plane.assign(Fixture.assignment(.running, generation: 2, ports: [1]))
            try await stage.plane.awaiting("the third attempt") {
                $0.latest(Fixture.instance)?.detail.hasSuffix("attempt 3") == true
            }
            stage.host.ignoreUnplug(Fixture.instance, false)
            stage.host.heal()
            try await stage.plane.report(.settled, generation: 2)
            #expect(interfaces(stage) == [p1])
        }
    }

    @Test func anotherGenerationStopsTheAsking() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.set(.stall, on: .detach)
            stage.plane.assign(Fixture.assignment(.running, generation: 2, ports: [1]))
            try await stage.plane.awaiting("the detaching") {
                $0.latest(Fixture.instance)?.detail.hasPrefix("detaching") == true
            }
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3)
            #expect(Set(interfaces(stage)) == [p1, p2])
            #expect(stage.host.snapshot.vifs.count == 2)
        }
    }

    @Test func aNICThatWasTakenAwayComesBack() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.loseNIC(Fixture.instance, p1)
            try await stage.host("p1 to be attached again") {
                $0.guests[Fixture.instance]?.plan.interfaces.map(\.portID) == [p2, p1]
            }
            #expect(stage.count(.start) == 1)
        }
    }

    @Test func aStoppedGuestIsDefinedAnewWithOtherNICs() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.stopped, ports: [1]))
            try await stage.plane.report(.settled)
            stage.plane.assign(Fixture.assignment(.stopped, generation: 2, ports: [2]))
            try await stage.plane.report(.settled, generation: 2, power: .shutdown)
            #expect(interfaces(stage) == [p2])
            #expect(Set(stage.host.snapshot.vifs.keys) == [p2])
            #expect(stage.count(.start) == 0)
        }
    }

    @Test func aPausedGuestIsRefusedADetach() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.paused))
            try await stage.plane.report(.settled, power: .paused)
            stage.plane.assign(Fixture.assignment(.paused, generation: 2, ports: [1]))
            let report = try await stage.plane.report(.failed, generation: 2, power: .paused)
            #expect(report.failure == "Port p2 cannot be detached while the server is paused.")
            #expect(stage.count(.detach) == 0)
            stage.plane.assign(Fixture.assignment(.running, generation: 3, ports: [1]))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(interfaces(stage) == [p1])
        }
    }
}
