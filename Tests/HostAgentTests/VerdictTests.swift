import ComputeModel
import Foundation
import HostDrivers
import Testing

@testable import HostAgent

@Suite struct VerdictTests {
    private func judge(
        _ goal: AssignmentGoal, _ traces: GuestTraces, _ remembered: RecordedGuest? = nil
    ) -> GuestReport {
        verdict(
            on: Fixture.assignment(goal), traces, remembered: remembered, now: Fixture.now)
    }

    @Test func aRunningGuestIsSettledWithItsWires() {
        let report = judge(
            .running,
            GuestTraces(
                guest: Fixture.observed(.running),
                vifs: [Fixture.vif(2), Fixture.vif(1, isUp: false)], stored: Fixture.disk))
        #expect(report.phase == .settled)
        #expect(report.power == .running)
        #expect(report.portsUp == [Fixture.port(2)])
        #expect(report.detail == "")
        #expect(report.failure == nil)
    }

    @Test(arguments: [GuestPower.shutdown, .crashed, .paused])
    func whatAGuestDidByItselfIsSaid(_ power: GuestPower) {
        let report = judge(
            .running,
            GuestTraces(guest: Fixture.observed(power), vifs: [], stored: Fixture.disk))
        #expect(report.phase == .settled)
        #expect(report.power == power)
        #expect(report.detail.contains("by itself"))
    }

    @Test func anUndefinedGuestWithADiskIsShutDown() {
        let report = judge(
            .running, GuestTraces(guest: nil, vifs: [], stored: Fixture.disk))
        #expect(report.power == .shutdown)
        #expect(report.detail.contains("not defined"))
    }

    @Test func aGuestThatIsAwaitedHasNoPowerHere() {
        var assignment = Fixture.assignment(.running)
        assignment.arrival = Fixture.arrival
        var report = verdict(
            on: assignment, GuestTraces(guest: nil, vifs: [Fixture.vif(1)], stored: Fixture.disk),
            remembered: nil, now: Fixture.now)
        #expect(report.phase == .prepared)
        #expect(report.power == .none)
        var guest = Fixture.observed(.paused, ports: [])
        guest.transit = .arriving
        report = verdict(
            on: assignment, GuestTraces(guest: guest, vifs: [], stored: Fixture.disk),
            remembered: nil, now: Fixture.now)
        #expect(report.phase == .prepared)
        #expect(report.power == .none)
    }

    @Test func aGuestThatLeavesIsWorkedOnUntilItHasLeft() {
        var assignment = Fixture.assignment(.running)
        assignment.departure = Fixture.departure
        var remembered = RecordedGuest(generation: 1, goal: .running, phase: .working)
        remembered.migration = RecordedMigration(migrationID: Fixture.migrationID)
        remembered.migration?.hasBegun = true
        var guest = Fixture.observed(.running, ports: [])
        guest.transit = .leaving
        var report = verdict(
            on: assignment, GuestTraces(guest: guest, vifs: [], stored: Fixture.disk),
            remembered: remembered, now: Fixture.now)
        #expect(report.phase == .working)
        #expect(report.power == .running)
        report = verdict(
            on: assignment, GuestTraces(guest: nil, vifs: [], stored: Fixture.disk),
            remembered: remembered, now: Fixture.now)
        #expect(report.phase == .departed)
        #expect(report.power == .none)
    }

    @Test func aCopyThatIsWaitedForIsWork() {
        var assignment = Fixture.assignment(.stopped)
        assignment.export = DiskExport(imageID: ImageID("copy"))
        let traces = GuestTraces(
            guest: Fixture.observed(.shutdown), vifs: [], stored: Fixture.disk)
        var remembered = RecordedGuest(generation: 1, goal: .stopped, phase: .settled)
        remembered.exported = ImageID("before")
        var report = verdict(
            on: assignment, traces, remembered: remembered, now: Fixture.now)
        #expect(report.phase == .working)
        #expect(report.exported == ImageID("before"))
        remembered.exported = ImageID("copy")
        report = verdict(on: assignment, traces, remembered: remembered, now: Fixture.now)
        #expect(report.phase == .settled)
    }

    @Test func whatAnAgentCanDo() {
        var identity = AgentIdentity(
            hostName: "h", zone: "nova", agentVersion: "1", address: "192.0.2.1")
        #expect(!identity.abilities.contains(.liveMigrate))
        #expect(identity.abilities.count == AgentAbility.allCases.count - 1)
        identity.migrationURI = "qemu+tls://h/system"
        #expect(identity.abilities == AgentAbility.allCases)
    }

    @Test func nothingLeftIsAbsent() {
        let report = judge(.absent, GuestTraces(guest: nil, vifs: [], stored: nil))
        #expect(report.phase == .absent)
        #expect(report.power == .none)
    }

    @Test func aFailureIsToldToBothReaders() {
        let remembered = RecordedGuest(
            generation: 1, goal: .running, phase: .failed, failure: "for the tenant",
            detail: "for the operator")
        let report = judge(
            .running, GuestTraces(guest: nil, vifs: [], stored: nil), remembered)
        #expect(report.phase == .failed)
        #expect(report.failure == "for the tenant")
        #expect(report.detail == "for the operator")
    }

    @Test func tenantsReadNothingOfTheHost() {
        let fault = DriverFault(
            operation: "open", object: "/var/lib/secret", found: "host7 said no")
        let steps: [GuestStep] = [
            .prepare(.root(build: 0)), .prepare(.rescue), .writeConfigDrive,
            .ensureMAC(Fixture.port(1)),
            .plug(Fixture.port(1)), .define, .start, .shutdown, .destroy,
            .unplug(Fixture.port(1)), .undefine, .removeStorage, .forget, .pause, .unpause,
            .save, .restore, .discardSaved, .attach(Fixture.port(1)), .detach(Fixture.port(1)),
            .announce(Fixture.port(1)), .migrate, .abortMigration, .copyRoot,
            .export(isCopied: true), .removeCopy, .removeDisk(.rescue),
        ]
        for step in steps {
            let problem = GuestProblem.step(step, .failed(fault))
            #expect(!problem.failure.contains("secret"))
            #expect(!problem.failure.contains("host7"))
            #expect(problem.detail.contains("/var/lib/secret"))
            #expect(problem.failure.hasSuffix("."))
        }
    }
}
