import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@Suite(.endsTheHung) struct AgentLifecycleTests {
    @Test func startsStopsStartsAndRemoves() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            let report = try await stage.plane.report(.settled)
            #expect(report.power == .running)
            #expect(report.portsUp == [Fixture.port(1), Fixture.port(2)])
            let guest = try #require(stage.host.snapshot.guests[Fixture.instance])
            #expect(
                guest.plan.interfaces.map(\.characterDevice) == [
                    "/dev/vhost-vdpa-1", "/dev/vhost-vdpa-2",
                ])
            let macs = stage.host.snapshot.devices.filter { $0.vdpaName == "vdpa1" }
                .map(\.macAddress)
            #expect(macs == ["fa:16:3e:00:00:01"])

            stage.plane.assign(Fixture.assignment(.stopped, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .shutdown)
            #expect(stage.host.snapshot.vifs.count == 2)

            stage.host.renumberDevices(by: 10)
            stage.plane.assign(Fixture.assignment(.running, generation: 3))
            try await stage.plane.report(.settled, generation: 3, power: .running)
            let again = try #require(stage.host.snapshot.guests[Fixture.instance])
            #expect(again.plan.generation == 3)
            #expect(again.plan.interfaces[0].characterDevice == "/dev/vhost-vdpa-11")
            #expect(stage.count(.prepareRoot) == 1)

            stage.plane.assign(Fixture.assignment(.absent, generation: 4))
            try await stage.plane.report(.absent, generation: 4, power: GuestPower.none)
            #expect(stage.host.snapshot.guests.isEmpty)
            #expect(stage.host.snapshot.vifs.isEmpty)
            #expect(stage.host.snapshot.disks.isEmpty)
        }
        #expect(stage.record.current?.guests.isEmpty == true)
    }

    @Test func tellsHowFarTheImageIs() async throws {
        let stage = Stage()
        stage.plane.change { $0.imageIsStalled = true }
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.awaiting("half of the image to be there") {
                $0.latest(Fixture.instance)?.detail == "fetching image 50 %"
            }
            stage.plane.change { $0.imageIsStalled = false }
            try await stage.plane.report(.settled)
        }
    }

    @Test func removalCancelsADownload() async throws {
        let stage = Stage()
        stage.plane.change { $0.imageIsStalled = true }
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.awaiting("the first bytes of the image") { $0.imageBytesSent > 0 }
            stage.plane.assign(Fixture.assignment(.absent, generation: 2))
            try await stage.plane.report(.absent, generation: 2)
            #expect(stage.plane.state.cancelledFetches == 1)
            #expect(stage.host.snapshot.disks.isEmpty)
        }
    }

    @Test(arguments: [GuestPower.shutdown, .crashed])
    func aGuestThatEndsByItselfIsNotRestarted(_ power: GuestPower) async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            if power == .crashed {
                stage.host.crash(Fixture.instance)
            } else {
                stage.host.powerOff(Fixture.instance)
            }
            try await stage.plane.report(.settled, power: power)
            #expect(stage.count(.start) == 1)
        }
        // And not by the next agent either.
        try await stage.withAgent {
            try await stage.plane.awaiting("the second agent to have taken over the batch") {
                $0.hellos == 2 && $0.polls > 3
            }
            try await stage.plane.report(.settled, power: power)
            #expect(stage.count(.start) == 1)
        }
    }

    @Test func aGuestThatDoesNotListenLosesItsPower() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.ignoreShutdown(Fixture.instance)
            stage.plane.assign(Fixture.assignment(.stopped, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .shutdown)
            #expect(stage.count(.destroy) == 1)
        }
    }

    @Test func mendsTheWiringOfARunningGuest() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.removeVIF(Fixture.port(1))
            try await stage.host("p1 to be plugged") { $0.vifs[Fixture.port(1)] != nil }
            #expect(stage.count(.start) == 1)
            #expect(stage.host.snapshot.running == [Fixture.instance])
            stage.host.setWire(Fixture.port(2), isUp: false)
            try await stage.plane.awaiting("a report that p1 alone is up") {
                $0.latest(Fixture.instance)?.portsUp == [Fixture.port(1)]
            }
            #expect(stage.plane.state.latest(Fixture.instance)?.phase == .settled)
        }
    }

    @Test func answersQuestions() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            stage.host.writeConsole(Fixture.instance, "hello console")
            stage.plane.change {
                $0.questions = [
                    HostQuestion(id: "q1", instanceID: Fixture.instance, consoleTailBytes: 7),
                    HostQuestion(id: "q2", instanceID: InstanceID("?"), consoleTailBytes: 7),
                ]
            }
            let answers = try await stage.plane.awaiting("two answers") { $0.answers.count == 2 }
                .answers
            #expect(answers.first { $0.id == "q1" }?.text == "console")
            #expect(answers.first { $0.id == "q2" }?.text == nil)
            #expect(answers.first { $0.id == "q2" }?.problem?.isEmpty == false)
        }
    }

    @Test func reportsTheHostAgainWhenItChanges() async throws {
        let stage = Stage()
        try await stage.withAgent {
            let first = try #require(
                await stage.plane.awaiting("a host report") { !$0.hostReports.isEmpty }.hostReports
                    .first)
            #expect(first.hostID == Fixture.hostID)
            #expect(first.cpus == 8)
            #expect(first.diskGiB == 100)
            #expect(first.devices.count == 8)
            #expect(first.conditions == [])
            #expect(first.abilities == AgentAbility.allCases.map(\.rawValue))
            #expect(first.migrationURI == "simulated://h")
            stage.host.vanish(DeviceID("sim-h-pf0/vf3/vdpa3"))
            try await stage.plane.awaiting("a host report of seven devices") {
                $0.hostReports.last?.devices.count == 7
            }
            let condition = HostCondition(code: "below-minimum", message: "m", blocksVDPA: true)
            stage.host.setConditions([condition])
            try await stage.plane.awaiting("a host report of the condition") {
                $0.hostReports.last?.conditions == [condition]
            }
            stage.host.set(.transient(), on: .scan)
            stage.host.setConditions([condition])
            try await stage.plane.awaiting("a host report that devices are unavailable") {
                $0.hostReports.last?.conditions.first?.code == "devices-unavailable"
            }
            stage.host.heal()
            try await stage.plane.awaiting("a host report of the condition") {
                $0.hostReports.last?.conditions == [condition]
            }
        }
    }
}
