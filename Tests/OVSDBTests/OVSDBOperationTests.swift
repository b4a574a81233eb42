import Foundation
import JSON
import Testing

@testable import OVSDB

@Suite struct OVSDBOperationTests {
    private static let named = [OVSDBCondition("name", .equal, .string("x"))]

    @Test(arguments: [
        (
            OVSDBOperation.insert(table: "Port", row: ["name": .string("x")], uuidName: "p"),
            #"{"op":"insert","row":{"name":"x"},"table":"Port","uuid-name":"p"}"#
        ),
        (.insert(table: "Port", row: [:]), #"{"op":"insert","row":{},"table":"Port"}"#),
        (
            .select(table: "Port", where: named, columns: ["_uuid"]),
            #"{"columns":["_uuid"],"op":"select","table":"Port","where":[["name","==","x"]]}"#
        ),
        (.select(table: "Port", where: []), #"{"op":"select","table":"Port","where":[]}"#),
        (
            .update(table: "Port", where: named, row: ["tag": .optional(nil)]),
            #"{"op":"update","row":{"tag":["set",[]]},"table":"Port","where":[["name","==","x"]]}"#
        ),
        (
            .mutate(table: "T", where: [], mutations: [OVSDBMutation("n", .add, .integer(1))]),
            #"{"mutations":[["n","+=",1]],"op":"mutate","table":"T","where":[]}"#
        ),
        (
            .delete(table: "T", where: [OVSDBCondition("n", .excludes, .set([]))]),
            #"{"op":"delete","table":"T","where":[["n","excludes",["set",[]]]]}"#
        ),
        (
            .wait(
                table: "T", where: [], columns: ["n"], until: .notEqual,
                rows: [["n": .integer(1)]], timeoutMS: 5),
            #"{"columns":["n"],"op":"wait","rows":[{"n":1}],"table":"T","timeout":5,"#
                + #""until":"!=","where":[]}"#
        ),
        (.abort, #"{"op":"abort"}"#),
        (.comment("why"), #"{"comment":"why","op":"comment"}"#),
    ])
    func wireForm(operation: OVSDBOperation, expected: String) throws {
        #expect(String(decoding: try operation.json.serialized(), as: UTF8.self) == expected)
    }

    @Test func results() throws {
        let uuid = UUID()
        let answer = """
            [{"uuid":["uuid","\(uuid.uuidString.lowercased())"]},{"rows":[{"n":1},{}]},\
            {"count":2},{}]
            """
        let operations: [OVSDBOperation] = [
            .insert(table: "T", row: [:]), .select(table: "T", where: []),
            .delete(table: "T", where: []), .comment("c"),
        ]
        let results = try OVSDBOperationResult.results(
            json: JSONValue(message: Array(answer.utf8)), operations: operations)
        #expect(
            results == [
                .inserted(uuid), .rows([["n": .integer(1)], [:]]), .count(2), .none,
            ])
        #expect(results.map(\.rows.count) == [0, 2, 0, 0])
    }

    @Test(arguments: [
        (
            #"[{},{"error":"timed out","details":"d"}]"#,
            OVSDBError.operationFailed(
                index: 1, operation: "comment", error: .init(kind: .timedOut, details: "d"))
        ),
        (
            #"[{"error":"aborted"},null]"#,
            .operationFailed(
                index: 0, operation: "abort", error: .init(kind: .aborted, details: ""))
        ),
        (
            #"[{},{},{"error":"constraint violation","details":"twice"}]"#,
            .operationFailed(
                index: 2, operation: "commit",
                error: .init(kind: .constraintViolation, details: "twice"))
        ),
        ("[{}]", .malformedMessage(detail: "1 results for 2 operations")),
        ("{}", .malformedMessage(detail: "transact returned no list")),
        ("[null,{}]", .malformedMessage(detail: "the result of an operation is no object")),
        (#"[{"uuid":1},{}]"#, .malformedMessage(detail: "an insert returned no uuid")),
    ])
    func failures(answer: String, expected: OVSDBError) throws {
        let json = try JSONValue(message: Array(answer.utf8))
        #expect(throws: expected) {
            try OVSDBOperationResult.results(json: json, operations: [.abort, .comment("c")])
        }
    }

    @Test(arguments: [
        ("constraint violation", OVSDBOperationError.Kind.constraintViolation),
        ("referential integrity violation", .referentialIntegrityViolation),
        ("aborted", .aborted), ("timed out", .timedOut),
        ("resources exhausted", .resourcesExhausted), ("I/O error", .ioError),
        ("duplicate uuid-name", .duplicateUUIDName), ("domain error", .domainError),
        ("range error", .rangeError), ("not owner", .notOwner),
        ("not supported", .notSupported), ("syntax error", .syntaxError),
        ("unknown column", .syntaxError), ("else", .other("else")),
    ])
    func errorTags(tag: String, expected: OVSDBOperationError.Kind) {
        #expect(OVSDBOperationError.Kind(tag: tag) == expected)
    }
}
