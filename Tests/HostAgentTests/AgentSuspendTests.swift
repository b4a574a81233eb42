import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

/// Guests that are paused, suspended and brought back.
@Suite(.endsTheHung) struct AgentSuspendTests {
    private let p1 = Fixture.port(1)
    private let p2 = Fixture.port(2)
    /// Calls that change a guest or its wires.
    private let telling: Set<SimulatedOperation> = [
        .plug, .unplug, .attach, .detach, .save, .restore, .pause, .unpause, .start, .define,
        .discardSaved,
    ]

    private func interfaces(_ stage: Stage) -> [PortID] {
        stage.host.snapshot.guests[Fixture.instance]?.plan.interfaces.map(\.portID) ?? []
    }

    /// The telling calls since the first `count` calls.
    private func calls(_ stage: Stage, since count: Int) -> [SimulatedOperation] {
        stage.host.calls.dropFirst(count).map(\.operation).filter { telling.contains($0) }
    }

    @Test func pausesAndGoesOn() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.plane.assign(Fixture.assignment(.paused, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .paused)
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(stage.count(.start) == 1)
            #expect(stage.host.snapshot.vifs.count == 2)
        }
    }

    @Test func aGuestThatStopsByItselfIsNotResumed() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.stopCPUs(Fixture.instance)
            let report = try await stage.plane.report(.settled, power: .paused)
            #expect(report.detail == "the guest stopped running by itself")
            #expect(stage.count(.unpause) == 0)
        }
    }

    /// NICs go before the memory is saved, and are back before the CPUs go on.
    @Test func nothingRunsWithoutItsNICs() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            var before = stage.host.calls.count
            stage.plane.assign(Fixture.assignment(.suspended, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .suspended)
            #expect(calls(stage, since: before) == [.detach, .unplug, .detach, .unplug, .save])
            #expect(stage.host.snapshot.vifs.isEmpty)
            before = stage.host.calls.count
            stage.host.renumberDevices(by: 10)
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(
                calls(stage, since: before) == [
                    .plug, .plug, .restore, .attach, .attach, .unpause,
                ])
            let guest = stage.host.snapshot.guests[Fixture.instance]
            #expect(guest?.plan.interfaces.first?.characterDevice == "/dev/vhost-vdpa-11")
            #expect(stage.count(.start) == 1)
        }
    }

    /// What is missing comes back, what was left is not touched.
    @Test func aFailedSuspensionIsTakenBack() async throws {
        let stage = Stage()
        var settings = Stage.settings
        settings.detachAttempts = 2
        try await stage.withAgent(settings: settings) {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            // The second NIC is asked for twice and stays.
            for call in [2, 3] {
                stage.host.set(.fail(.timedOut(Self.fault)), on: .detach, call: call)
            }
            stage.plane.assign(Fixture.assignment(.suspended, generation: 2))
            let report = try await stage.plane.report(.failed, generation: 2)
            #expect(report.power == .running)
            #expect(interfaces(stage) == [p2])
            #expect(Set(stage.host.snapshot.vifs.keys) == [p2])
            let before = stage.host.calls.count
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(calls(stage, since: before) == [.plug, .attach])
            #expect(interfaces(stage) == [p2, p1])
        }
    }

    @Test func aGuestThatCannotBeSavedRunsOn() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.set(.permanent(), on: .save)
            stage.plane.assign(Fixture.assignment(.suspended, generation: 2))
            try await stage.plane.report(.failed, generation: 2, power: .running)
            #expect(interfaces(stage) == [])
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            #expect(Set(interfaces(stage)) == [p1, p2])
        }
    }

    /// A resume that fails costs nothing: the saved memory is there for the next one.
    @Test(arguments: [SimulatedOperation.plug, .restore, .attach, .unpause])
    func aFailedResumeIsTakenBack(_ operation: SimulatedOperation) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.plane.assign(Fixture.assignment(.suspended, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .suspended)
            stage.host.set(.permanent(), on: operation)
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.failed, generation: 3)
            #expect(stage.host.snapshot.running.isEmpty)
            stage.host.heal()
            stage.plane.assign(Fixture.assignment(.suspended, generation: 4))
            try await stage.plane.report(.settled, generation: 4, power: .suspended)
            #expect(stage.host.snapshot.vifs.isEmpty)
            stage.plane.assign(Fixture.assignment(.running, generation: 5))
            try await stage.plane.report(.settled, generation: 5, power: .running)
            #expect(Set(interfaces(stage)) == [p1, p2])
            #expect(stage.count(.start) == 1)
        }
    }

    @Test func aSuspendedGuestCanBeStoppedAndRemoved() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.plane.assign(Fixture.assignment(.suspended, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .suspended)
            stage.plane.assign(Fixture.assignment(.stopped, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .shutdown)
            #expect(Set(interfaces(stage)) == [p1, p2])
            #expect(stage.host.snapshot.vifs.count == 2)
            stage.plane.assign(Fixture.assignment(.running, generation: 4))
            try await stage.plane.report(.settled, generation: 4, power: .running)
            stage.plane.assign(Fixture.assignment(.suspended, generation: 5))
            try await stage.plane.report(.settled, generation: 5, power: .suspended)
            stage.plane.assign(Fixture.assignment(.absent, generation: 6))
            try await stage.plane.report(.absent, generation: 6)
            #expect(stage.host.snapshot.guests.isEmpty)
        }
    }

    static let fault = DriverFault(operation: "unplug", object: "port", found: "no answer")
}
