import Foundation
import JSON
import Testing

@testable import OVSDB

private let rowText = "0f2b6c1e-8a53-4a0c-9a1e-7d7b8f6f0a01"
private let row = UUID(uuidString: rowText) ?? UUID()

@Suite struct OVSDBValueTests {
    @Test(arguments: [
        (#""br-int""#, OVSDBValue.string("br-int")),
        ("42", .integer(42)),
        ("0.5", .atom(.real(0.5))),
        ("true", .atom(.boolean(true))),
        (#"["uuid","\#(rowText)"]"#, .uuid(row)),
        (#"["named-uuid","port"]"#, .atom(.namedUUID("port"))),
        (#"["set",[]]"#, .set([])),
        (#"["set",["a","b"]]"#, .set([.string("b"), .string("a")])),
        (#"["set",[["uuid","\#(rowText)"]]]"#, .set([.uuid(row)])),
        (#"["map",[]]"#, .map([:])),
        (#"["map",[["a","1"],["b","2"]]]"#, .stringMap(["b": "2", "a": "1"])),
        (#"["map",[["rx",7]]]"#, .map([.string("rx"): .integer(7)])),
    ])
    func roundTrip(text: String, value: OVSDBValue) throws {
        #expect(try OVSDBValue(json: JSONValue(message: Array(text.utf8))) == value)
        #expect(String(decoding: try value.json.serialized(), as: UTF8.self) == text)
    }

    @Test(arguments: [
        "null", "{}", "[]", #"["uuid"]"#, #"["uuid","no"]"#, #"["else","x"]"#, #"["set",1]"#,
        #"["set",["a","a"]]"#, #"["set",[null]]"#, #"["map",["a"]]"#, #"["map",[["a"]]]"#,
        #"["map",[["a",1],["a",2]]]"#, #"["map",{}]"#, #"["set",[["set",[]]]]"#,
    ])
    func malformed(text: String) throws {
        let json = try JSONValue(message: Array(text.utf8))
        #expect(throws: OVSDBError.self) { try OVSDBValue(json: json) }
    }

    @Test func columnsAreReadByTheirType() {
        #expect(OVSDBValue.set([.string("up")]).string == "up")
        #expect(OVSDBValue.set([]).string == nil)
        #expect(OVSDBValue.set([.string("a"), .string("b")]).string == nil)
        #expect(OVSDBValue.string("x").integer == nil)
        #expect(OVSDBValue.integer(3).integer == 3)
        #expect(OVSDBValue.integer(3).real == 3)
        #expect(OVSDBValue.atom(.real(0.5)).real == 0.5)
        #expect(OVSDBValue.string("x").real == nil)
        #expect(OVSDBValue.atom(.boolean(true)).boolean == true)
        #expect(OVSDBValue.integer(1).boolean == nil)
        #expect(OVSDBValue.uuid(row).uuid == row)
        #expect(OVSDBValue.uuid(row).uuids == [row])
        #expect(OVSDBValue.set([.uuid(row), .string("x")]).uuids == [row])
        #expect(OVSDBValue.stringMap(["a": "b"]).stringMap == ["a": "b"])
        #expect(OVSDBValue.stringMap(["a": "b"]).integerMap.isEmpty)
        #expect(OVSDBValue.map([.string("a"): .integer(1)]).integerMap == ["a": 1])
        #expect(OVSDBValue.integer(1).stringMap.isEmpty)
        #expect(OVSDBValue.optional(nil) == .set([]))
        #expect(OVSDBValue.optional(5) == .integer(5))
    }
}

@Suite struct OVSDBAddressTests {
    @Test(arguments: [
        ("unix:/run/db.sock", OVSDBAddress.unix(path: "/run/db.sock")),
        ("tcp:127.0.0.1:6640", .tcp(host: "127.0.0.1", port: 6640)),
        ("tcp:[::1]:6640", .tcp(host: "::1", port: 6640)),
        ("tcp:switch.example:1", .tcp(host: "switch.example", port: 1)),
    ])
    func valid(text: String, expected: OVSDBAddress) throws {
        #expect(try OVSDBAddress(text) == expected)
        #expect("\(expected)" == text)
    }

    @Test(arguments: [
        "", "unix", "unix:", "tcp:", "tcp:host", "tcp::1", "tcp:host:0", "tcp:host:65536",
        "tcp:host:x", "ssl:host:1", "tcp:[]:1",
    ])
    func invalid(text: String) {
        #expect(throws: OVSDBError.invalidAddress(text)) { try OVSDBAddress(text) }
    }
}
