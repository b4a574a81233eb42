import Foundation
import OVSDB
import TestSupport
import Testing

@testable import VirtualSwitch

/// Plugging into a real database, without a switch daemon behind it.
@Suite(.endsTheHung) struct PlugTests {
    private static let identity = SwitchFixture.identity(1)

    @Test func plugWritesEverythingOnceAndTwiceChangesNothing() async throws {
        try await SwitchFixture.run { fixture in
            let client = fixture.openVSwitch
            let first = try await client.plug(
                representor: "vf0rep", iface: Self.identity, mtu: 9000, vlanTag: 4095, wait: .none)
            #expect(first.change == .created)
            #expect(
                first.vif.externalIDs == [
                    "iface-id": "00000000-0000-4000-8000-000000000001",
                    "iface-status": "active",
                    "attached-mac": "fa:16:3e:00:00:01",
                    "vm-uuid": "10000000-0000-4000-8000-000000000001",
                    "millrace": "true",
                ])
            #expect(first.vif.bridge == "br-int" && first.vif.isMarked)
            #expect(first.vif.requestedMTU == 9000 && first.vif.vlanTag == 4095)
            #expect(first.vif.identity == Self.identity)
            #expect(first.vif.ofport == nil && first.vif.error == nil)
            let configuration = try await fixture.nextConfiguration()
            #expect(configuration == 1)

            let second = try await client.plug(
                representor: "vf0rep", iface: Self.identity, mtu: 9000, vlanTag: 4095, wait: .none)
            #expect(second == PlugOutcome(change: .unchanged, vif: first.vif))
            #expect(try await fixture.nextConfiguration() == configuration)

            let wired = try await client.plug(
                representor: "vf0rep", iface: Self.identity, wait: .none)
            #expect(wired.change == .updated)
            #expect(wired.vif.requestedMTU == nil && wired.vif.vlanTag == nil)
            #expect(try await fixture.count("Interface") == 2)
            #expect(try await fixture.count("Port") == 2)
        }
    }

    /// A process that died after its commit, or another tool, left a port behind.
    @Test func plugCompletesWhatIsThere() async throws {
        try await SwitchFixture.run { fixture in
            let left = ["iface-id": "old", "ovn-installed": "true", "iface-status": "active"]
            try await fixture.addPort("vf0rep", to: "br-int", externalIDs: left)
            let outcome = try await fixture.openVSwitch.plug(
                representor: "vf0rep", iface: Self.identity, wait: .none)
            #expect(outcome.change == .updated)
            #expect(outcome.vif.identity == Self.identity)
            #expect(outcome.vif.isMarked)
            #expect(outcome.vif.externalIDs["ovn-installed"] == "true")
            #expect(try await fixture.count("Port") == 2)
        }
    }

    @Test func anotherProcessFindsThePlugDone() async throws {
        try await SwitchFixture.run { fixture in
            _ = try await fixture.openVSwitch.plug(
                representor: "vf0rep", iface: Self.identity, wait: .none)
            let restarted = OpenVSwitch(
                address: fixture.server.address, logger: fixture.openVSwitch.logger)
            let outcome = try await restarted.plug(
                representor: "vf0rep", iface: Self.identity, wait: .none)
            #expect(outcome.change == .unchanged)
            await restarted.close()
        }
    }

    @Test func refusedPlugsWriteNothing() async throws {
        try await SwitchFixture.run(bridges: ["br-int", "br-ex"]) { fixture in
            let client = fixture.openVSwitch
            try await fixture.addPort("vf1rep", to: "br-ex")
            try await fixture.addPort(
                "vf2rep", to: "br-int", externalIDs: ["iface-id": Self.identity.portID])
            let cases: [(String, String, VIFIdentity, VirtualSwitchError)] = [
                ("vf0rep", "br-tun", Self.identity, .bridgeMissing(bridge: "br-tun")),
                (
                    "vf1rep", "br-int", SwitchFixture.identity(2),
                    .interfaceOnOtherBridge(
                        interface: "vf1rep", bridge: "br-ex", wanted: "br-int")
                ),
                (
                    "vf0rep", "br-int", Self.identity,
                    .portPluggedElsewhere(
                        portID: Self.identity.portID, interface: "vf2rep")
                ),
                ("", "br-int", Self.identity, .invalidInterfaceName("")),
            ]
            for (representor, bridge, identity, expected) in cases {
                await #expect(throws: expected) {
                    try await client.plug(
                        representor: representor, iface: identity, bridge: bridge, wait: .none)
                }
            }
            #expect(try await fixture.nextConfiguration() == 0)
            #expect(try await fixture.count("Port") == 4)
        }
    }

    @Test func valueThatTheSchemaForbidsIsReported() async throws {
        try await SwitchFixture.run { fixture in
            let error = await #expect(throws: VirtualSwitchError.self) {
                try await fixture.openVSwitch.plug(
                    representor: "vf0rep", iface: Self.identity, vlanTag: 4096, wait: .none)
            }
            guard case .databaseFailed(_, .operationFailed(_, "insert", let reason)) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.kind == .constraintViolation)
            let listed = try await fixture.openVSwitch.list()
            #expect(listed.isEmpty)
        }
    }

    @Test func concurrentPlugsAllSucceed() async throws {
        try await SwitchFixture.run { fixture in
            let clients = (0..<2).map { _ in
                OpenVSwitch(address: fixture.server.address, logger: fixture.openVSwitch.logger)
            }
            // Two clients, each asked twice for each of four ports: one creates, three find it.
            let changes = try await withThrowingTaskGroup(of: PlugOutcome.Change.self) { group in
                for number in 1...4 {
                    for client in clients + clients {
                        group.addTask {
                            try await client.plug(
                                representor: "vf\(number)rep",
                                iface: SwitchFixture.identity(number), wait: .none
                            ).change
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(changes.filter { $0 == .created }.count == 4)
            #expect(changes.filter { $0 == .unchanged }.count == 12)
            let listed = try await fixture.openVSwitch.list()
            #expect(listed.map(\.representor) == ["vf1rep", "vf2rep", "vf3rep", "vf4rep"])
            #expect(listed.map(\.identity) == (1...4).map { SwitchFixture.identity($0) })
            #expect(try await fixture.count("Interface") == 5)
            for client in clients { await client.close() }
        }
    }

    @Test func onePortOnTwoRepresentorsIsPreventedUnderConcurrency() async throws {
        try await SwitchFixture.run { fixture in
            let outcomes = await withTaskGroup(of: VirtualSwitchError?.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = OpenVSwitch(
                            address: fixture.server.address, logger: fixture.openVSwitch.logger)
                        do throws(VirtualSwitchError) {
                            _ = try await client.plug(
                                representor: "vf\(number)rep", iface: Self.identity, wait: .none)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(into: [VirtualSwitchError?]()) { $0.append($1) }
            }
            let winner = try #require(try await fixture.openVSwitch.list().first).representor
            let refusal = VirtualSwitchError.portPluggedElsewhere(
                portID: Self.identity.portID, interface: winner)
            #expect(outcomes.filter { $0 == nil }.count == 1)
            #expect(outcomes.filter { $0 == refusal }.count == 7)
            #expect(try await fixture.count("Interface") == 2)
        }
    }

    @Test func noSwitchDaemonIsSaidAndTheConfigurationStays() async throws {
        try await SwitchFixture.run { fixture in
            let timeout = Duration.milliseconds(50)
            let expected = VirtualSwitchError.notApplied(
                attempt: "plug vf0rep into br-int", timeout: timeout)
            await #expect(throws: expected) {
                try await fixture.openVSwitch.plug(
                    representor: "vf0rep", iface: Self.identity, wait: .upTo(timeout))
            }
            let listed = try await fixture.openVSwitch.list()
            #expect(listed.map(\.representor) == ["vf0rep"])
        }
    }
}
