import AgentProtocol
import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import HostAgent

@Suite(.endsTheHung) struct AgentDriftTests {
    private let owned = Fixture.interface(1).deviceID
    private let pf = DeviceID("sim-h-pf0")
    private let otherPF = DeviceID("sim-h-pf1")

    /// Waits for a host report with exactly these conditions.
    @discardableResult
    private func report(
        _ stage: Stage, _ codes: [String], file: String = #fileID, line: Int = #line
    ) async throws -> HostReport {
        let state = try await stage.plane.awaiting(
            "a host report with the conditions \(codes)", file: file, line: line
        ) {
            $0.hostReports.last?.conditions.map(\.code) == codes
        }
        return try #require(state.hostReports.last)
    }

    @Test func aDeviceThatVanishesWhileOwnedIsReportedUntilItIsBack() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            try await report(stage, [])
            stage.host.vanish(owned)
            let vanished = try await report(stage, ["device-vanished"])
            #expect(vanished.conditions[0].message.contains(owned.text))
            #expect(vanished.conditions[0].message.contains(Fixture.instance.text))
            #expect(!vanished.conditions[0].blocksVDPA)
            #expect(!vanished.devices.contains { $0.id == owned })
            stage.host.restore(owned)
            let back = try await report(stage, [])
            #expect(back.devices.contains { $0.id == owned })
        }
    }

    @Test func aDeviceNobodyOwnsMayGo() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running, ports: [2]))
            try await stage.plane.report(.settled)
            stage.host.vanish(owned)
            let report = try await stage.plane.awaiting("a host report without the device") {
                [owned] in
                $0.hostReports.last.map { report in
                    !report.devices.contains { $0.id == owned }
                } ?? false
            }
            #expect(report.hostReports.last?.conditions == [])
            // From now on a guest wants it.
            stage.plane.assign(
                Fixture.assignment(.running, ports: [2]),
                Fixture.assignment(.running, ports: [1], instance: InstanceID("i2")))
            try await self.report(stage, ["device-vanished"])
            try await stage.plane.report(.failed, of: InstanceID("i2"))
            // And nobody any more.
            stage.plane.assign(
                Fixture.assignment(.running, ports: [2]),
                Fixture.assignment(
                    .absent, generation: 2, ports: [1], instance: InstanceID("i2")))
            try await self.report(stage, [])
        }
    }

    @Test func aDeviceThatCameBackServesTheNextGuest() async throws {
        let stage = Stage()
        stage.host.vanish(owned)
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.failed)
            try await report(stage, ["device-vanished"])
            stage.host.restore(owned)
            try await report(stage, [])
            stage.plane.assign(Fixture.assignment(.running, generation: 2))
            try await stage.plane.report(.settled, generation: 2, power: .running)
        }
    }

    @Test func aVDPADeviceThatIsDeletedIsAVFAndComesBackAsItself() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            let plain = try #require(stage.host.retype(device: owned))
            let retyped = try await report(stage, ["device-vanished", "device-retyped"])
            #expect(retyped.devices.first { $0.id == plain }?.kind == .vf)
            #expect(!retyped.devices.contains { $0.id == owned })
            #expect(stage.host.retype(device: plain) == owned)
            try await report(stage, [])
        }
    }

    @Test func whatMovedWhileTheAgentWasAwayIsNoticed() async throws {
        let stage = Stage()
        try await stage.withAgent {
            stage.plane.assign(Fixture.assignment(.running))
            try await stage.plane.report(.settled)
            try await report(stage, [])
            try await awaiting(
                "devices in the agent's record", { stage.record.current },
                until: { $0?.devices != nil })
        }
        stage.host.swapCards(pf, otherPF)
        stage.host.renumberDevices(by: 7)
        try await stage.withAgent {
            try await report(
                stage, ["device-moved", "device-moved", "card-swapped", "card-swapped"])
            // By their identities the guest's devices are the same, wherever they are now.
            try await stage.plane.report(.settled)
            stage.host.swapCards(pf, otherPF)
            try await report(stage, [])
        }
    }

    @Test func aCardThatMovesIsToldOfAlsoByTheNextAgent() async throws {
        let stage = Stage()
        let elsewhere = try #require(PCIAddress("0000:40:00.0"))
        try await stage.withAgent {
            try await report(stage, [])
            stage.host.move(device: pf, to: elsewhere)
            let moved = try await report(stage, ["device-moved"])
            #expect(moved.conditions[0].message.contains("and 4 more of its card"))
            #expect(moved.devices.first { $0.id == owned }?.parentAddress == elsewhere)
        }
        try await stage.withAgent {
            stage.plane.change { $0.hostReports = [] }
            try await report(stage, ["device-moved"])
        }
    }

    @Test func aHostNameThatDiffersIsToldAndChangesNothing() async throws {
        let stage = Stage()
        for (configured, codes) in [("other", ["host-name-differs"]), ("h", []), (nil, [])] {
            stage.plane.change { $0.hostReports = [] }
            try await stage.withAgent(configuredName: configured) {
                try await report(stage, codes)
            }
        }
    }
}
