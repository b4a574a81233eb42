import Foundation
import JSON
import Testing

@testable import OVSDB

@Suite struct RPCMessageTests {
    @Test(arguments: [
        (
            #"{"id":"echo","method":"echo","params":[1]}"#,
            RPCMessage.request(method: "echo", parameters: [.integer(1)], id: .string("echo"))
        ),
        (
            #"{"id":null,"method":"update2","params":[]}"#,
            .notification(method: "update2", parameters: [])
        ),
        (
            #"{"error":null,"id":3,"result":{}}"#,
            .response(id: .integer(3), result: [:], error: .null)
        ),
    ])
    func roundTrip(text: String, message: RPCMessage) throws {
        #expect(try RPCMessage(json: JSONValue(message: Array(text.utf8))) == message)
        #expect(String(decoding: try message.json.serialized(), as: UTF8.self) == text)
    }

    @Test(arguments: [
        "[]", "{}", #"{"id":1}"#, #"{"method":"echo","id":1}"#, #"{"method":"echo","params":{}}"#,
    ])
    func malformed(text: String) throws {
        let json = try JSONValue(message: Array(text.utf8))
        #expect(throws: OVSDBError.self) { try RPCMessage(json: json) }
    }

    @Test func rowUpdates() throws {
        let (first, second) = (UUID(), UUID())
        let text = """
            {"A":{"\(first)":{"initial":{"n":1}},"\(second)":{"delete":null}},\
            "B":{"\(first)":{"insert":{}},"\(second)":{"modify":{"s":["set",["x"]]}}}}
            """
        let updates = try OVSDBRowUpdate.tables(json: JSONValue(message: Array(text.utf8)))
        #expect(
            updates == [
                "A": [first: .initial(["n": .integer(1)]), second: .delete],
                "B": [first: .insert([:]), second: .modify(["s": .set([.string("x")])])],
            ])
    }

    @Test(arguments: [
        "[]", #"{"A":[]}"#, #"{"A":{"x":{"delete":null}}}"#,
        #"{"A":{"0f2b6c1e-8a53-4a0c-9a1e-7d7b8f6f0a01":{"else":{}}}}"#,
        #"{"A":{"0f2b6c1e-8a53-4a0c-9a1e-7d7b8f6f0a01":{}}}"#,
        #"{"A":{"0f2b6c1e-8a53-4a0c-9a1e-7d7b8f6f0a01":{"insert":[]}}}"#,
    ])
    func malformedUpdates(text: String) throws {
        let json = try JSONValue(message: Array(text.utf8))
        #expect(throws: OVSDBError.self) { try OVSDBRowUpdate.tables(json: json) }
    }
}

@Suite struct SessionStateTests {
    private static let lost = OVSDBError.callCancelled(method: "first reason")

    @Test func aCallIsSettledOnce() throws {
        var state = SessionState<String, String>()
        let (first, second) = (state.takeNumber(), state.takeNumber())
        #expect(first != second)
        try state.register("a", as: first)
        let amended = state.amend(first) { $0 += "!" }
        #expect(amended)
        #expect(state.settle(second) == nil)
        #expect(state.settle(first) == "a!")
        #expect(state.settle(first) == nil)
        let amendedAgain = state.amend(first) { $0 = "" }
        #expect(!amendedAgain)
    }

    @Test func theEndTellsEveryoneOnceAndKeepsTheFirstReason() throws {
        var state = SessionState<String, String>()
        try state.register("a", as: state.takeNumber())
        try state.subscribe("r", to: "m")
        let told = state.end(Self.lost)
        #expect(told.waiters == ["a"] && told.readers == ["r"])
        let toldAgain = state.end(.callCancelled(method: "later reason"))
        #expect(toldAgain.waiters.isEmpty && toldAgain.readers.isEmpty)
        #expect(throws: Self.lost) { try state.register("b", as: 9) }
        #expect(throws: Self.lost) { try state.subscribe("s", to: "n") }
    }

    @Test func readersComeAndGo() throws {
        var state = SessionState<String, String>()
        try state.subscribe("r", to: "m")
        #expect(state.reader(of: "m") == "r")
        #expect(state.reader(of: "n") == nil)
        #expect(state.unsubscribe(from: "m") == "r")
        #expect(state.unsubscribe(from: "m") == nil)
    }
}
