import ComputeModel
import Foundation
import HostDrivers
import Logging
import OVSDB
import Synchronization
import TestSupport
import Testing

@testable import KVMHost
@testable import VirtualSwitch

@Suite("representors on a real Open vSwitch", .endsTheHung)
struct SwitchTests {
    /// What the driver asked of the kernel's links.
    final class Links: Sendable {
        let calls = Mutex<[String]>([])
    }

    /// Runs `body` with a switch daemon of its own that has bridge `br-int` and in which every
    /// interface name works.
    private func withSwitch(
        _ body: (OVSVirtualSwitch, Links, OVSDBServer) async throws -> Void
    ) async throws {
        try await OVSDBServer.run { server in
            try server.startSwitchDaemon()
            try server.control([
                "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=dummy",
            ])
            let links = Links()
            let openVSwitch = OpenVSwitch(
                address: .unix(path: server.socketPath), logger: Logger(label: "test"))
            try await body(
                OVSVirtualSwitch(
                    openVSwitch: openVSwitch, bridge: "br-int", logger: Logger(label: "test"),
                    setLink: { interface, up throws(VirtualSwitchError) in
                        links.calls.withLock { $0.append("\(interface) \(up ? "up" : "down")") }
                    }), links, server)
            await openVSwitch.close()
        }
    }

    private func vif(_ representor: String, port: PortID) -> VIFPlug {
        VIFPlug(
            representor: representor, portID: port, macAddress: "52:54:01:00:01:01",
            instanceID: InstanceID("8c2b5f0e-7d52-4f0f-8f0a-0a5b7a3d1c11"), mtuBytes: 1442,
            vlanTag: 7)
    }

    @Test("plug, plug again, move, unplug, unplug again")
    func life() async throws {
        try await withSwitch { virtualSwitch, links, _ in
            let port = PortID(uuid: UUID())
            for _ in 0..<2 {
                try await virtualSwitch.plug(vif("rep0", port: port))
                let listed = try await virtualSwitch.list()
                #expect(listed.map(\.portID) == [port])
                #expect(listed.map(\.representor) == ["rep0"])
                #expect(listed.map(\.macAddress) == ["52:54:01:00:01:01"])
                #expect(listed.map(\.isUp) == [true])
            }
            try await virtualSwitch.plug(vif("rep1", port: port))
            #expect(try await virtualSwitch.list().map(\.representor) == ["rep1"])
            for _ in 0..<2 { try await virtualSwitch.unplug(port) }
            #expect(try await virtualSwitch.list().isEmpty)
            #expect(
                links.calls.withLock { $0 }
                    == ["rep0 up", "rep0 up", "rep1 up", "rep1 down"])
        }
    }

    /// Between two ports of one VLAN, by the switch's own table of MACs.
    @Test(
        "an announcement moves the MAC to the port, in its VLAN",
        arguments: ["", "OpenFlow10", "OpenFlow13", "OpenFlow14"])
    func announcement(_ protocols: String) async throws {
        try await withSwitch { virtualSwitch, _, server in
            if !protocols.isEmpty {
                try server.control(["set", "bridge", "br-int", "protocols=\(protocols)"])
            }
            let port = PortID(uuid: UUID())
            await expect(.notFound) { try await virtualSwitch.announce(port) }
            for representor in ["rep0", "rep1"] {
                try await virtualSwitch.plug(vif(representor, port: port))
                try await virtualSwitch.announce(port)
                let number = try server.control(["get", "interface", representor, "ofport"])
                let learned = try server.ask(["fdb/show", "br-int"])
                let row = learned.split(separator: "\n").first {
                    $0.contains("52:54:01:00:01:01")
                }
                let fields = (row ?? "").split(separator: " ").prefix(2).map(String.init)
                #expect(
                    fields == [number.trimmingCharacters(in: .whitespacesAndNewlines), "7"],
                    "\(learned)")
            }
        }
    }

    @Test("a bridge that speaks no version of ours says so")
    func otherOpenFlow() async throws {
        try await withSwitch { virtualSwitch, _, server in
            try server.control(["set", "bridge", "br-int", "protocols=OpenFlow15"])
            let port = PortID(uuid: UUID())
            try await virtualSwitch.plug(vif("rep0", port: port))
            await expect(.failed) { try await virtualSwitch.announce(port) }
        }
    }

    @Test("changes are signalled")
    func changes() async throws {
        try await withSwitch { virtualSwitch, _, _ in
            var changes = virtualSwitch.changes().makeAsyncIterator()
            let port = PortID(uuid: UUID())
            try await awaiting("the first signal", from: &changes)
            try await virtualSwitch.plug(vif("rep0", port: port))
            try await awaiting("a signal of the plug", from: &changes)
        }
    }

    @Test("a bridge that isn't there is refused with what to do")
    func missingBridge() async throws {
        try await withSwitch { virtualSwitch, _, _ in
            let other = OVSVirtualSwitch(
                openVSwitch: virtualSwitch.openVSwitch, bridge: "br-none",
                logger: Logger(label: "test"), setLink: virtualSwitch.setLink)
            await expect(.refused) {
                try await other.plug(vif("rep0", port: PortID(uuid: UUID())))
            }
        }
    }

    @Test("a representor that isn't there is not found, before the switch hears of it")
    func missingRepresentor() async throws {
        let virtualSwitch = OVSVirtualSwitch(
            openVSwitch: OpenVSwitch(
                address: .unix(path: "/nowhere/db.sock"), logger: Logger(label: "test")),
            bridge: "br-int", logger: Logger(label: "test"))
        await expect(.notFound) {
            try await virtualSwitch.plug(vif("nosuchif0", port: PortID(uuid: UUID())))
        }
        await expect(.unavailable) { _ = try await virtualSwitch.list() }
    }
}
