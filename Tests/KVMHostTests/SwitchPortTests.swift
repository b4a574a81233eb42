// HostDrivers and VirtualSwitch both have a PluggedVIF: this file sees only the latter's.
import Foundation
import OVSDB
import Testing

@testable import KVMHost
@testable import VirtualSwitch

@Suite("what the switch says of a port")
struct SwitchPortTests {
    private static let identity = [
        "iface-id": "port", "attached-mac": "52:54:01:00:01:0A", "vm-uuid": "guest",
        "millrace": "true",
    ]

    private func port(
        _ columns: OVSDBRow, _ externalIDs: [String: String] = identity
    ) throws -> PluggedVIF {
        let own: OVSDBRow = [
            "_uuid": .atom(.uuid(UUID())), "name": .string("rep0"),
            "external_ids": .stringMap(externalIDs),
        ]
        return PluggedVIF(
            interface: try InterfaceRow(own.merging(columns) { $1 }), port: try PortRow(own),
            bridge: try BridgeRow(own))
    }

    @Test(
        "whether packets can pass",
        arguments: [
            (["ofport": .integer(3)], true),
            (["ofport": .integer(3), "admin_state": .string("up")], true),
            (["ofport": .integer(3), "link_state": .string("down")], true),
            (["ofport": .integer(3), "admin_state": .string("down")], false),
            (["ofport": .integer(3), "error": .string("could not open")], false),
            (["ofport": .integer(-1)], false), ([:], false),
        ] as [(OVSDBRow, Bool)])
    func isUp(_ columns: OVSDBRow, isUp: Bool) throws {
        let port = try port(columns)
        #expect(port.carriesPackets == isUp)
        #expect(OVSVirtualSwitch.vif(port)?.isUp == isUp)
        #expect(OVSVirtualSwitch.vif(port)?.macAddress == "52:54:01:00:01:0a")
    }

    @Test("ports that aren't ours are not listed", arguments: ["iface-id", "vm-uuid", "millrace"])
    func foreign(_ missing: String) throws {
        let ids = Self.identity.filter { $0.key != missing }
        #expect(OVSVirtualSwitch.vif(try port(["ofport": .integer(3)], ids)) == nil)
    }
}
