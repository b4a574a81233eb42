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
            .prepareRoot, .writeConfigDrive, .ensureMAC(Fixture.port(1)),
            .plug(Fixture.port(1)), .define, .start, .shutdown, .destroy,
            .unplug(Fixture.port(1)), .undefine, .removeStorage, .forget,
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
