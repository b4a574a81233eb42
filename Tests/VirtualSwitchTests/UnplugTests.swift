import OVSDB
import TestSupport
import Testing

@testable import VirtualSwitch

@Suite(.endsTheHung) struct UnplugTests {
    @Test func unplugByRepresentorAndByPort() async throws {
        try await SwitchFixture.run { fixture in
            let client = fixture.openVSwitch
            for number in 1...3 {
                _ = try await client.plug(
                    representor: "vf\(number)rep", iface: SwitchFixture.identity(number),
                    wait: .none)
            }
            #expect(try await client.unplug(representor: "vf1rep", wait: .none))
            #expect(try await client.list().map(\.representor) == ["vf2rep", "vf3rep"])
            #expect(
                try await client.unplug(
                    portID: SwitchFixture.identity(2).portID, wait: .none))
            #expect(try await client.list().map(\.representor) == ["vf3rep"])
            #expect(try await fixture.count("Interface") == 2)
            #expect(try await fixture.count("Port") == 2)
        }
    }

    @Test func unknownOnesAreFineAndWriteNothing() async throws {
        try await SwitchFixture.run { fixture in
            let client = fixture.openVSwitch
            let byName = try await client.unplug(representor: "vf9rep", wait: .none)
            let byPort = try await client.unplug(portID: "unknown", wait: .none)
            #expect(!byName && !byPort)
            #expect(try await fixture.nextConfiguration() == 0)
        }
    }

    @Test func whatOthersPluggedStays() async throws {
        try await SwitchFixture.run { fixture in
            try await fixture.addPort("eth9", to: "br-int", externalIDs: ["iface-id": "theirs"])
            let expected = VirtualSwitchError.foreignInterface(
                interface: "eth9", bridge: "br-int")
            await #expect(throws: expected) {
                try await fixture.openVSwitch.unplug(representor: "eth9", wait: .none)
            }
            await #expect(throws: expected) {
                try await fixture.openVSwitch.unplug(portID: "theirs", wait: .none)
            }
            let listed = try #require(try await fixture.openVSwitch.list().first)
            #expect(listed.representor == "eth9" && !listed.isMarked && listed.identity == nil)
        }
    }

    @Test func listLeavesOutPortsThatAreNobodys() async throws {
        try await SwitchFixture.run { fixture in
            try await fixture.addPort("eth9", to: "br-int")
            #expect(try await fixture.openVSwitch.list().isEmpty)
        }
    }
}
