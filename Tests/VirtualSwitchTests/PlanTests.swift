import Foundation
import OVSDB
import Testing

@testable import VirtualSwitch

/// The plans on hand-made snapshots: what the database tests can't bring about easily.
@Suite struct PlanTests {
    private static let (bond, member, other) = (UUID(), UUID(), UUID())

    private static func snapshot(externalIDs: [String: String]) throws -> SwitchSnapshot {
        let ids = OVSDBValue.stringMap(externalIDs)
        return try SwitchSnapshot([
            .rows([["next_cfg": .integer(4)]]),
            .rows([["_uuid": .uuid(UUID()), "name": .string("br-int"), "ports": .uuid(bond)]]),
            .rows([
                [
                    "_uuid": .uuid(bond), "name": .string("bond0"),
                    "interfaces": .set([.uuid(member), .uuid(other)]),
                ]
            ]),
            .rows([
                ["_uuid": .uuid(member), "name": .string("vf0rep"), "external_ids": ids],
                ["_uuid": .uuid(other), "name": .string("vf1rep")],
                // On no bridge: left out.
                ["_uuid": .uuid(UUID()), "name": .string("vf2rep"), "external_ids": ids],
            ]),
        ])
    }

    @Test func memberOfABondIsLeftAlone() throws {
        let snapshot = try Self.snapshot(externalIDs: ["millrace": "true"])
        #expect(snapshot.placements.keys.sorted() == ["vf0rep", "vf1rep"])
        let request = PlugRequest(
            representor: "vf0rep", identity: SwitchFixture.identity(1), bridge: "br-int",
            mtu: nil, vlanTag: nil)
        let expected = VirtualSwitchError.interfaceSharesPort(interface: "vf0rep", port: "bond0")
        #expect(throws: expected) { try PlugPlan(request, on: snapshot) }
        #expect(throws: expected) { try UnplugPlan(.representor("vf0rep"), on: snapshot) }
    }

    @Test func emptyDatabaseIsExplained() {
        let results: [OVSDBOperationResult] = [.rows([]), .rows([]), .rows([]), .rows([])]
        #expect(throws: VirtualSwitchError.self) { try SwitchSnapshot(results) }
        #expect(throws: VirtualSwitchError.self) { try SwitchSnapshot([]) }
    }

    @Test func rowsWithoutTheirKeysAreRefused() {
        let cases: [OVSDBRow] = [[:], ["_uuid": .uuid(UUID())], ["name": .string("x")]]
        for row in cases {
            #expect(throws: VirtualSwitchError.self) { try BridgeRow(row) }
            #expect(throws: VirtualSwitchError.self) { try PortRow(row) }
            #expect(throws: VirtualSwitchError.self) { try InterfaceRow(row) }
        }
    }

    @Test func interfaceColumns() throws {
        let row: OVSDBRow = [
            "_uuid": .uuid(UUID()), "name": .string("vf0rep"), "mtu_request": .integer(9000),
            "ofport": .integer(-1), "link_state": .string("down"), "admin_state": .string("up"),
            "error": .string("no such device"), "external_ids": .stringMap([:]),
            "statistics": .map([.string("rx_packets"): .integer(7)]),
        ]
        let interface = try InterfaceRow(row)
        #expect(interface.requestedMTU == 9000 && interface.ofport == -1)
        #expect(interface.linkIsUp == false && interface.adminIsUp == true)
        #expect(interface.error == "no such device" && interface.hasFailed)
        #expect(interface.statistics == ["rx_packets": 7])
    }

    @Test(arguments: [
        (0, OVSDBOperationError.Kind.timedOut, true),
        (1, .timedOut, false),
        (0, .constraintViolation, false),
    ])
    func onlyAFailedGuardIsALostRace(
        index: Int, kind: OVSDBOperationError.Kind, expected: Bool
    ) {
        let write = GuardedWrite(
            guards: [.guardNone("Interface", [])], changes: [.comment("c")])
        let error = OVSDBError.operationFailed(
            index: index, operation: "wait", error: OVSDBOperationError(kind: kind, details: ""))
        #expect(write.lostRace(error) == expected)
        #expect(!write.lostRace(.callCancelled(method: "transact")))
    }
}

@Suite struct LinkStateTests {
    @Test(arguments: [
        ("eth0", true), ("a23456789012345", true), ("a234567890123456", false), ("", false),
        (".", false), ("..", false), ("a/b", false), ("a b", false), ("a:b", false),
        ("ens1f0np0_3", true),
    ])
    func interfaceNames(name: String, isValid: Bool) {
        do throws(VirtualSwitchError) {
            try InterfaceName.check(name)
            #expect(isValid)
        } catch {
            #expect(!isValid && error == .invalidInterfaceName(name))
        }
    }

    @Test(arguments: [
        (Int16(0), true, Int16(1)), (1, true, 1), (0x1003, false, 0x1002), (0x1002, false, 0x1002),
    ])
    func onlyTheUpFlagIsTouched(flags: Int16, up: Bool, expected: Int16) {
        #expect(LinkState.flags(flags, up: up) == expected)
        #expect(LinkState.isUp(flags: expected) == up)
    }

    @Test func theKernelAnswers() throws {
        let isUp = try LinkState.isUp("lo")
        // What is so already isn't written, so this needs no privilege.
        try LinkState.set("lo", up: isUp)
        #expect(try LinkState.isUp("lo") == isUp)
    }

    @Test func unknownInterface() {
        #expect(
            throws: VirtualSwitchError.linkFailed(
                attempt: "read the state of", interface: "nosuchlink0", errno: ENODEV)
        ) { try LinkState.set("nosuchlink0", up: true) }
    }
}
