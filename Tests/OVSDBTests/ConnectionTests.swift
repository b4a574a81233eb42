import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import OVSDB

/// The client against a peer that misbehaves on purpose.
@Suite(.endsTheHung) struct ConnectionTests {
    private static let patience = Duration.seconds(30)

    @Test func answersFindTheirCallsInAnyOrder() async throws {
        let held = HeldMessages()
        try await ScriptedPeer.run(reacting: held.answerInReverse(when: 3)) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in Int64(1)...3 {
                    group.addTask {
                        let answer = try await connection.call("back", [.integer(number)])
                        #expect(answer == .array([.integer(number)]))
                    }
                }
                try await group.waitForAll()
            }
            await connection.close()
        }
    }

    @Test func echoOfThePeerIsAnswered() async throws {
        let greeting = #"{"id":"echo","method":"echo","params":["x"]}"#
        try await ScriptedPeer.run(greeting: greeting) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            var received = peer.received.makeAsyncIterator()
            let answer = try await awaiting("an answer", from: &received)
            #expect(answer["id"] == .string("echo"))
            #expect(answer["result"] == .array([.string("x")]))
            #expect(answer["error"] == .null)
            await connection.close()
        }
    }

    @Test func unknownRequestOfThePeerIsRefused() async throws {
        let greeting = #"{"id":7,"method":"steal","params":[]}"#
        try await ScriptedPeer.run(greeting: greeting) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            var received = peer.received.makeAsyncIterator()
            let answer = try await awaiting("an answer", from: &received)
            #expect(answer["error"] == .string("unknown method"))
            await connection.close()
        }
    }

    @Test func silenceTimesOutAndTheConnectionLives() async throws {
        let replies = ScriptedPeer.replies(["list_dbs": #"{"id":ID,"result":["a"],"error":null}"#])
        try await ScriptedPeer.run(reacting: replies) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let timeout = Duration.milliseconds(20)
            await #expect(throws: OVSDBError.callTimedOut(method: "echo", timeout: timeout)) {
                try await connection.echo(timeout: timeout)
            }
            #expect(try await connection.listDatabases() == ["a"])
            await connection.close()
        }
    }

    @Test func rejectedCall() async throws {
        let rejection =
            #"{"id":ID,"result":null,"error":{"error":"unknown database","details":"no such"}}"#
        try await ScriptedPeer.run(reacting: ScriptedPeer.replies(["get_schema": rejection])) {
            let connection = try await OVSDBConnection.connect(to: $0.address)
            let expected = OVSDBError.callRejected(method: "get_schema", reason: "no such")
            await #expect(throws: expected) { try await connection.schemaVersion("X") }
            await connection.close()
        }
    }

    @Test func disconnectDuringACallFailsIt() async throws {
        try await ScriptedPeer.run(reacting: { _ in [.disconnect] }) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let expected = OVSDBError.connectionLost(
                address: peer.address, reason: "the server closed it")
            await #expect(throws: expected) { try await connection.echo(timeout: Self.patience) }
            #expect(!connection.isOpen)
            await #expect(throws: expected) { try await connection.echo() }
            await #expect(throws: expected) { try await connection.monitor("D", []) }
        }
    }

    @Test func oversizedMessageEndsTheConnection() async throws {
        let long = #"{"id":ID,"error":null,"result":["\#(String(repeating: "x", count: 2000))"]}"#
        try await ScriptedPeer.run(reacting: ScriptedPeer.replies(["echo": long])) { peer in
            let connection = try await OVSDBConnection.connect(
                to: peer.address, maximumMessageBytes: 1000)
            let expected = OVSDBError.messageTooLarge(limitBytes: 1000)
            await #expect(throws: expected) { try await connection.echo(timeout: Self.patience) }
            #expect(!connection.isOpen)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request", #"{"a"}"#, "{}", #"{"id":"x","result":1,"error":null}"#,
        #"{"method":"update2","params":[1],"id":null}"#,
    ])
    func garbageEndsTheConnection(garbage: String) async throws {
        try await ScriptedPeer.run(reacting: { _ in [.send(garbage)] }) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let error = await #expect(throws: OVSDBError.self) {
                try await connection.echo(timeout: Self.patience)
            }
            guard case .malformedMessage = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(!connection.isOpen)
        }
    }

    @Test func cancelledCall() async throws {
        try await ScriptedPeer.run { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let call = Task { try await connection.echo(timeout: Self.patience) }
            var received = peer.received.makeAsyncIterator()
            try await awaiting("the call", from: &received)
            call.cancel()
            await #expect(throws: OVSDBError.callCancelled(method: "echo")) {
                try await call.value
            }
            #expect(connection.isOpen)
            await connection.close()
        }
    }

    @Test func closingFailsCallsInFlight() async throws {
        try await ScriptedPeer.run { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let call = Task { try await connection.echo(timeout: Self.patience) }
            var received = peer.received.makeAsyncIterator()
            try await awaiting("the call", from: &received)
            await connection.close()
            let expected = OVSDBError.connectionClosed(address: peer.address)
            await #expect(throws: expected) { try await call.value }
            await #expect(throws: expected) { try await connection.echo() }
            await connection.close()
        }
    }

    @Test func unreadUpdatesAreBounded() async throws {
        let limit = 5
        let update = #"{"id":null,"method":"update2","params":["monitor-1",{}]}"#
        let flood =
            #"{"id":ID,"result":{},"error":null}"#
            + String(repeating: update, count: limit + 1)
        let replies = ScriptedPeer.replies(["monitor_cond": flood])
        try await ScriptedPeer.run(reacting: replies) { peer in
            let connection = try await OVSDBConnection.connect(to: peer.address)
            let monitor = try await connection.monitor(
                "D", [], maximumUnreadUpdates: limit, timeout: Self.patience)
            var received = peer.received.makeAsyncIterator()
            try await awaiting("the monitor's request", from: &received)
            let cancel = try await awaiting("its cancellation", from: &received)
            #expect(cancel["method"] == .string("monitor_cancel"))
            var count = 0
            let error = await #expect(throws: OVSDBError.self) {
                for try await _ in monitor.updates { count += 1 }
            }
            #expect(error == .monitorOverrun(limit: limit))
            #expect(count == limit)
            #expect(connection.isOpen)
            await connection.close()
        }
    }

    @Test func nobodyListens() async throws {
        let address = OVSDBAddress.unix(path: "/nonexistent/db.sock")
        let error = await #expect(throws: OVSDBError.self) {
            try await OVSDBConnection.connect(to: address)
        }
        guard case .connectFailed(address, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

/// Holds messages back until enough came, and then answers the last one first.
private final class HeldMessages: Sendable {
    private let messages = Mutex<[JSONValue]>([])

    func answerInReverse(when count: Int) -> @Sendable (JSONValue) -> [ScriptedPeer.Reaction] {
        { message in
            let held = self.messages.withLock { held in
                held.append(message)
                return held
            }
            guard held.count == count else { return [] }
            return held.reversed().compactMap(Self.answer)
        }
    }

    private static func answer(_ message: JSONValue) -> ScriptedPeer.Reaction? {
        guard let id = message["id"], let parameters = message["params"] else {
            return nil
        }
        let answer: JSONValue = ["id": id, "result": parameters, "error": nil]
        do {
            return .send(String(decoding: try answer.serialized(), as: UTF8.self))
        } catch {
            return nil
        }
    }
}
