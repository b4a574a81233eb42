import Logging
import OVSDB
import TestSupport
import Testing

@testable import VirtualSwitch

@Suite(.endsTheHung) struct ReconnectTests {
    @Test func restartOfTheDatabase() async throws {
        try await SwitchFixture.run { fixture in
            let client = fixture.openVSwitch
            // Waits for a switch daemon that isn't there: in flight when the server dies, or
            // made on the dead connection, or too late to connect. All are typed failures.
            let plug = Task {
                try await client.plug(
                    representor: "vf0rep", iface: SwitchFixture.identity(1),
                    wait: .upTo(.seconds(60)))
            }
            try await awaiting(
                "the port in the list", { try await client.list() }, until: { !$0.isEmpty })
            try fixture.server.kill()
            let error = await #expect(throws: VirtualSwitchError.self) { try await plug.value }
            switch error {
            case .databaseFailed("plug vf0rep into br-int", .connectionLost),
                .databaseFailed(_, .connectFailed):
                break
            default:
                Issue.record("\(String(describing: error))")
                return
            }
            let refused = await #expect(throws: VirtualSwitchError.self) {
                try await client.list()
            }
            guard case .databaseFailed(_, .connectFailed) = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            try fixture.server.start()
            #expect(try await client.list().map(\.representor) == ["vf0rep"])
        }
    }

    @Test func changesAreToldAlsoAfterARestart() async throws {
        try await SwitchFixture.run { fixture in
            var events = fixture.openVSwitch.changes().makeAsyncIterator()
            #expect(try await awaiting("the first look", from: &events) == .changed)
            try await fixture.addPort("eth9", to: "br-int")
            #expect(try await awaiting("the new port", from: &events) == .changed)
            try fixture.server.kill()
            guard case .unreachable = try await awaiting("the server's end", from: &events) else {
                Issue.record("the end of the server wasn't told")
                return
            }
            try fixture.server.start()
            while try await awaiting("the restart", from: &events) != .changed {}
            let again = try await OVSDBConnection.connect(to: fixture.server.address)
            let update = OVSDBOperation.update(
                table: "Interface", where: [OVSDBCondition("name", .equal, .string("eth9"))],
                row: ["external_ids": .stringMap(["iface-id": "x"])])
            _ = try await again.transact("Open_vSwitch", [update])
            #expect(try await awaiting("the port's update", from: &events) == .changed)
            await again.close()
        }
    }

    @Test func nothingListens() async throws {
        let client = OpenVSwitch(
            address: .unix(path: "/nonexistent/db.sock"), logger: Logger(label: "test"))
        let error = await #expect(throws: VirtualSwitchError.self) { try await client.list() }
        guard case .databaseFailed("reach Open vSwitch", .connectFailed) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await client.close()
        await #expect(throws: VirtualSwitchError.closed) { try await client.list() }
        var events = client.changes().makeAsyncIterator()
        #expect(await events.next() == nil)
    }
}
