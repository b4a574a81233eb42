import OVSDB
import TestSupport
import Testing

@testable import VirtualSwitch

/// With a real ovs-vswitchd whose datapath is in memory.
@Suite(.endsTheHung) struct AppliedTests {
    private static let wait = ApplyWait.upTo(.seconds(30))

    @Test func plugReturnsWhenTheSwitchHasTheInterface() async throws {
        try await SwitchFixture.run { fixture in
            try fixture.server.startSwitchDaemon()
            let client = fixture.openVSwitch
            let outcome = try await client.plug(
                representor: "vf0rep", iface: SwitchFixture.identity(1), mtu: 1400,
                wait: Self.wait)
            #expect(outcome.change == .created)
            #expect(try #require(outcome.vif.ofport) > 0)
            #expect(outcome.vif.error == nil)
            #expect(outcome.vif.adminIsUp == true && outcome.vif.linkIsUp == true)
            let again = try await client.plug(
                representor: "vf0rep", iface: SwitchFixture.identity(1), mtu: 1400,
                wait: Self.wait)
            #expect(again.change == .unchanged && again.vif.ofport == outcome.vif.ofport)
            #expect(try await client.unplug(representor: "vf0rep", wait: Self.wait))
            #expect(try await client.list().isEmpty)
        }
    }

    @Test func failureOfTheSwitchIsReportedEachTime() async throws {
        try await SwitchFixture.run { fixture in
            try fixture.server.startSwitchDaemon()
            // An interface type that the switch doesn't know stands for any failure to add it.
            try await fixture.addPort("vf0rep", to: "br-int", type: "no-such-type")
            for attempt in Int64(1)...2 {
                let error = await #expect(throws: VirtualSwitchError.self) {
                    try await fixture.openVSwitch.plug(
                        representor: "vf0rep", iface: SwitchFixture.identity(1), wait: Self.wait)
                }
                guard case .interfaceFailed("vf0rep", "br-int", let reason) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(!reason.isEmpty)
                // Also a repeated plug has the switch try again.
                #expect(try await fixture.nextConfiguration() == attempt)
            }
        }
    }
}
