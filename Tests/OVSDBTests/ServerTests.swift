import Foundation
import TestSupport
import Testing

@testable import OVSDB

/// The client against a real ovsdb-server.
@Suite(.endsTheHung) struct ServerTests {
    private static let database = "Open_vSwitch"

    @Test func databasesAndSchema() async throws {
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            #expect(try await connection.listDatabases().contains(Self.database))
            #expect(try await connection.schemaVersion(Self.database).hasPrefix("8."))
            try await connection.echo()
            let error = await #expect(throws: OVSDBError.self) {
                try await connection.schemaVersion("Nothing")
            }
            guard case .callRejected("get_schema", _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await connection.close()
        }
    }

    @Test func everyOperation() async throws {
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            let isName = [OVSDBCondition("name", .equal, .string("br0"))]
            let results = try await connection.transact(
                Self.database,
                [
                    .comment("make a bridge"),
                    .insert(table: "Bridge", row: ["name": .string("br0")], uuidName: "b"),
                    .mutate(
                        table: "Open_vSwitch", where: [],
                        mutations: [OVSDBMutation("bridges", .insert, .atom(.namedUUID("b")))]),
                    .update(
                        table: "Bridge", where: isName,
                        row: ["external_ids": .stringMap(["a": "1", "b": "2"])]),
                    .select(table: "Bridge", where: isName, columns: ["external_ids", "_uuid"]),
                ])
            guard case .inserted(let uuid) = results[1] else {
                Issue.record("\(results)")
                return
            }
            #expect(results[2] == .count(1) && results[3] == .count(1))
            let expected: OVSDBRow = [
                "external_ids": .stringMap(["a": "1", "b": "2"]), "_uuid": .uuid(uuid),
            ]
            #expect(results[4] == .rows([expected]))
            let removal = OVSDBMutation("bridges", .delete, .uuid(uuid))
            let deleted = try await connection.transact(
                Self.database,
                [
                    .mutate(table: "Open_vSwitch", where: [], mutations: [removal]),
                    .delete(table: "Bridge", where: isName),
                ])
            #expect(deleted == [.count(1), .count(1)])
            await connection.close()
        }
    }

    @Test func failedTransactionsSayWhichOperationAndWhy() async throws {
        let port = OVSDBOperation.insert(table: "Port", row: ["name": .string("p")])
        let wait = OVSDBOperation.wait(
            table: "Bridge", where: [], columns: ["name"], until: .notEqual, rows: [],
            timeoutMS: 0)
        let badValue = OVSDBOperation.update(
            table: "Open_vSwitch", where: [], row: ["next_cfg": .string("x")])
        let badTag = OVSDBOperation.insert(
            table: "Port", row: ["name": .string("p"), "tag": .integer(4096)])
        let badTable = OVSDBOperation.select(table: "Nothing", where: [])
        let cases: [([OVSDBOperation], Int, String, OVSDBOperationError.Kind)] = [
            ([.comment("c"), wait], 1, "wait", .timedOut),
            ([.abort], 0, "abort", .aborted),
            ([badValue], 0, "update", .syntaxError),
            ([badTable], 0, "select", .syntaxError),
            // A port must have an interface: known when the whole transaction is checked.
            ([port], 1, "commit", .referentialIntegrityViolation),
            ([badTag], 0, "insert", .constraintViolation),
        ]
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            for (operations, index, name, kind) in cases {
                let error = await #expect(throws: OVSDBError.self) {
                    try await connection.transact(Self.database, operations)
                }
                guard case .operationFailed(index, name, let reason) = error else {
                    Issue.record("\(name): \(String(describing: error))")
                    continue
                }
                #expect(reason.kind == kind, "\(reason)")
            }
            await connection.close()
        }
    }

    @Test func duplicateNameFailsTheCommit() async throws {
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            let bridges = OVSDBValue.set([.namedUUID("a"), .namedUUID("b")])
            let operations: [OVSDBOperation] = [
                .insert(table: "Bridge", row: ["name": .string("br0")], uuidName: "a"),
                .insert(table: "Bridge", row: ["name": .string("br0")], uuidName: "b"),
                .update(table: "Open_vSwitch", where: [], row: ["bridges": bridges]),
            ]
            let error = await #expect(throws: OVSDBError.self) {
                try await connection.transact(Self.database, operations)
            }
            guard case .operationFailed(3, "commit", let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.kind == .constraintViolation)
            #expect(reason.details.contains("br0"))
            await connection.close()
        }
    }

    @Test func monitorTellsInitialRowsAndChanges() async throws {
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            let request = OVSDBMonitorRequest(table: "Open_vSwitch", columns: ["next_cfg"])
            let bridges = OVSDBMonitorRequest(
                table: "Bridge", columns: ["name"],
                conditions: [OVSDBCondition("name", .equal, .string("br0"))])
            let monitor = try await connection.monitor(Self.database, [request, bridges])
            let (root, first) = try #require(monitor.initial["Open_vSwitch"]?.first)
            #expect(first == .initial([:]))
            var updates = monitor.updates.makeAsyncIterator()

            let increment = OVSDBOperation.mutate(
                table: "Open_vSwitch", where: [],
                mutations: [OVSDBMutation("next_cfg", .add, .integer(1))])
            _ = try await connection.transact(Self.database, [increment])
            let modified = try await updates.next()
            #expect(modified == ["Open_vSwitch": [root: .modify(["next_cfg": .integer(1)])]])

            // The other bridge doesn't meet the condition.
            let names = ["br1", "br0"]
            for name in names {
                _ = try await connection.transact(Self.database, Self.addBridge(name))
            }
            let inserted = try await updates.next()
            #expect(inserted?["Bridge"]?.values.first == .insert(["name": .string("br0")]))

            let none = OVSDBOperation.update(
                table: "Open_vSwitch", where: [], row: ["bridges": .set([])])
            _ = try await connection.transact(Self.database, [none])
            let deleted = try await updates.next()
            #expect(deleted?["Bridge"]?.values.first == .delete)
            await connection.close()
            let closed = OVSDBError.connectionClosed(address: server.address)
            await #expect(throws: closed) { try await updates.next() }
        }
    }

    @Test func killedServerFailsCallsAndMonitors() async throws {
        try await OVSDBServer.run { server in
            let connection = try await OVSDBConnection.connect(to: server.address)
            let watched = OVSDBMonitorRequest(table: "Open_vSwitch")
            let monitor = try await connection.monitor(Self.database, [watched])
            let wait = OVSDBOperation.wait(
                table: "Bridge", where: [], columns: ["name"], until: .notEqual, rows: [],
                timeoutMS: 60_000)
            let call = Task {
                try await connection.transact(Self.database, [wait], timeout: .seconds(90))
            }
            // Answered after the wait began or before: either way the wait can't succeed.
            try await connection.echo()
            try server.kill()
            let error = await #expect(throws: OVSDBError.self) { try await call.value }
            guard case .connectionLost(server.address, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            await #expect(throws: OVSDBError.self) { for try await _ in monitor.updates {} }
            #expect(!connection.isOpen)

            try server.start()
            let second = try await OVSDBConnection.connect(to: server.address)
            try await second.echo()
            await second.close()
        }
    }

    /// The server probes after two seconds of silence and hangs up two later when nobody answers:
    /// a call that takes longer than both proves that the client answered.
    @Test func inactivityProbeIsAnswered() async throws {
        let remote = "--remote=db:Open_vSwitch,Open_vSwitch,manager_options"
        try await OVSDBServer.run(extraArguments: [remote]) { server in
            let local = try await OVSDBConnection.connect(to: server.address)
            let port = try await Self.addManager(local, probeMS: 2000)
            let connection = try await OVSDBConnection.connect(
                to: .tcp(host: "127.0.0.1", port: port))
            let wait = OVSDBOperation.wait(
                table: "Bridge", where: [], columns: ["name"], until: .notEqual, rows: [],
                timeoutMS: 5000)
            let error = await #expect(throws: OVSDBError.self) {
                try await connection.transact(Self.database, [wait], timeout: .seconds(30))
            }
            guard case .operationFailed(0, "wait", let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reason.kind == .timedOut)
            await connection.close()
            await local.close()
        }
    }

    private static func addBridge(_ name: String) -> [OVSDBOperation] {
        [
            .insert(table: "Bridge", row: ["name": .string(name)], uuidName: "b"),
            .mutate(
                table: "Open_vSwitch", where: [],
                mutations: [OVSDBMutation("bridges", .insert, .atom(.namedUUID("b")))]),
        ]
    }

    /// Has the server listen on TCP with a probe interval, and returns the port it chose.
    private static func addManager(
        _ connection: OVSDBConnection, probeMS: Int64
    ) async throws -> Int {
        let request = OVSDBMonitorRequest(table: "Manager", columns: ["status"])
        let monitor = try await connection.monitor(database, [request])
        let manager: OVSDBRow = [
            "target": .string("ptcp:0:127.0.0.1"), "inactivity_probe": .integer(probeMS),
        ]
        let mutation = OVSDBMutation("manager_options", .insert, .atom(.namedUUID("m")))
        _ = try await connection.transact(
            database,
            [
                .insert(table: "Manager", row: manager, uuidName: "m"),
                .mutate(table: "Open_vSwitch", where: [], mutations: [mutation]),
            ])
        for try await update in monitor.updates {
            for case .modify(let row) in (update["Manager"] ?? [:]).values {
                if let text = row["status"]?.stringMap["bound_port"], let port = Int(text) {
                    return port
                }
            }
        }
        throw OVSDBError.connectionClosed(address: connection.address)
    }
}
