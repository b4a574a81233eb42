import Foundation
import Logging
import OVSDB
import TestSupport

@testable import VirtualSwitch

extension OVSDBServer {
    var address: OVSDBAddress { .unix(path: socketPath) }
}

/// A switch database of its own with the named bridges, and a client of it.
struct SwitchFixture {
    let server: OVSDBServer
    let openVSwitch: OpenVSwitch
    /// A second client: what an operator's tools would do.
    let other: OVSDBConnection

    static func run(
        bridges: [String] = ["br-int"], _ test: (SwitchFixture) async throws -> Void
    ) async throws {
        try await OVSDBServer.run { server in
            let openVSwitch = OpenVSwitch(
                address: server.address, logger: Logger(label: "test"))
            let other = try await OVSDBConnection.connect(to: server.address)
            let fixture = SwitchFixture(server: server, openVSwitch: openVSwitch, other: other)
            for bridge in bridges { try await fixture.addBridge(bridge) }
            try await test(fixture)
            await openVSwitch.close()
            await other.close()
        }
    }

    static func identity(_ number: Int) -> VIFIdentity {
        VIFIdentity(
            portID: "00000000-0000-4000-8000-00000000000\(number)",
            macAddress: "fa:16:3e:00:00:0\(number)",
            instanceID: "10000000-0000-4000-8000-00000000000\(number)")
    }

    @discardableResult
    func write(_ operations: [OVSDBOperation]) async throws -> [OVSDBOperationResult] {
        try await other.transact("Open_vSwitch", operations)
    }

    func addBridge(_ name: String) async throws {
        // As `ovs-vsctl add-br` does: a bridge has a port of its own name.
        let row: OVSDBRow = [
            "name": .string(name), "datapath_type": .string("dummy"),
            "ports": .set([.namedUUID("port")]),
        ]
        try await write(
            interface(name, type: "internal") + [
                .insert(table: "Bridge", row: row, uuidName: "bridge"),
                .mutate(
                    table: "Open_vSwitch", where: [],
                    mutations: [OVSDBMutation("bridges", .insert, .atom(.namedUUID("bridge")))]),
            ])
    }

    /// As `ovs-vsctl add-port` does, which knows nothing of network ports.
    func addPort(
        _ name: String, to bridge: String, type: String = "", externalIDs: [String: String] = [:]
    ) async throws {
        try await write(
            interface(name, type: type, externalIDs: externalIDs) + [
                .mutate(
                    table: "Bridge", where: [OVSDBCondition("name", .equal, .string(bridge))],
                    mutations: [OVSDBMutation("ports", .insert, .atom(.namedUUID("port")))])
            ])
    }

    private func interface(
        _ name: String, type: String, externalIDs: [String: String] = [:]
    ) -> [OVSDBOperation] {
        [
            .insert(
                table: "Interface",
                row: [
                    "name": .string(name), "type": .string(type),
                    "external_ids": .stringMap(externalIDs),
                ], uuidName: "interface"),
            .insert(
                table: "Port",
                row: ["name": .string(name), "interfaces": .atom(.namedUUID("interface"))],
                uuidName: "port"),
        ]
    }

    func count(_ table: String) async throws -> Int {
        try await write([.select(table: table, where: [], columns: ["_uuid"])])[0].rows.count
    }

    func nextConfiguration() async throws -> Int64? {
        let select = OVSDBOperation.select(
            table: "Open_vSwitch", where: [], columns: ["next_cfg"])
        return try await write([select])[0].rows.first?["next_cfg"]?.integer
    }
}
