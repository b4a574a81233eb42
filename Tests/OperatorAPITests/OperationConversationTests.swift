import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline
import Testing
import Workflow

@testable import OperatorAPI

/// A workflow of one step that always succeeds.
private struct Inspection: WorkflowDefinition {
    static let kind = "inspection"

    struct State: Codable, Sendable {}

    var steps: [WorkflowStep<State>] {
        [WorkflowStep(withoutUndo: "look") { _, _ in }]
    }
}

@Suite struct OperationConversationTests {
    /// Runs the real build of a server, so that the form in which it keeps rejections can't
    /// change without this noticing.
    @Test func aServerThatFitsNowhereSaysWhyForEachHost() async throws {
        let bed = try await OperatorTestbed()
        try await ServerDocuments.put(into: bed.conductor.context.documents)
        bed.conductor.hub.liveness.lost(FleetDocuments.second)
        let server = try await ServerDocuments.createServer("web", bed.conductor)
        try await bed.talk { client in
            let found = try await client.send(
                .get, "/v1/operations?subject=\(server.id)&kind=create_instance")
            #expect(found.column("operations", "status") == ["failed"])
            #expect(found.column("operations", "server_name") == ["web"])
            for name in ["web", server.id.text] {
                let same = try await client.send(.get, "/v1/operations?server=\(name)")
                #expect(same.json == found.json)
            }
            guard case .string(let id)? = found.at("operations.0.id") else {
                Issue.record("no operation in \(found.json)")
                return
            }
            let shown = try await client.send(.get, "/v1/operations/\(id)")
            #expect(shown.at("request_id") == "req-create")
            #expect(shown.column("steps", "name").prefix(2) == ["accept", "place"])
            #expect(shown.column("steps", "status").prefix(3) == ["undone", "undone", "pending"])
            #expect(shown.at("steps.1.error.message") != .null)
            #expect(shown.at("steps.1.started_at") != .null)
            #expect(shown.at("failure.message") != .null)

            let placement = try await client.send(.get, "/v1/operations/\(id)/placement")
            #expect(placement.at("placed_on") == .null)
            #expect(placement.column("hosts", "host") == ["compute-1", "compute-2"])
            #expect(
                placement.at("hosts.0.reasons") == [
                    .string(
                        "no free vdpa device on physnet9 for port \(ServerDocuments.port): 3 of"
                            + " that kind, 0 wired there, 0 free")
                ])
            #expect(placement.at("hosts.1.reasons") == ["its agent was not heard of in time"])
        }
    }

    @Test func aStepThatHasEndedSaysHowLongItTook() throws {
        let stored = """
            {"id": "w", "kind": "inspection", "version": 1, "subject": "a", "request_id": "r",
             "state": "{}", "created_at": 0, "updated_at": 2.5,
             "progress": {"status": "stuck", "position": 0, "step_count": 1,
                          "is_cancel_requested": true},
             "stuck_reason": {"code": "c", "message": "m", "is_transient": false},
             "steps": [{"name": "look", "status": "undo_failed", "attempts": 1,
                        "undo_attempts": 3, "started_at": 1, "finished_at": 2.25}]}
            """
        let record = try JSONDecoder().decode(WorkflowRecord.self, from: Data(stored.utf8))
        #expect(
            OperationJSON(record).value.inKeyOrder == [
                "cancel_requested": true, "created_at": "2001-01-01T00:00:00.000Z",
                "duration_ms": nil, "failure": nil, "id": "w", "kind": "inspection",
                "request_id": "r",
                "server_name": nil, "status": "stuck",
                "steps": [
                    [
                        "attempts": 1, "duration_ms": 1_250, "error": nil,
                        "finished_at": "2001-01-01T00:00:02.250Z", "name": "look",
                        "started_at": "2001-01-01T00:00:01.000Z", "status": "undo_failed",
                        "undo_attempts": 3,
                    ]
                ],
                "stuck_reason": ["code": "c", "message": "m"], "subject": "a",
                "updated_at": "2001-01-01T00:00:02.500Z",
            ])
    }

    @Test func theNewestComeFirstAndCanBeChosen() async throws {
        let bed = try await OperatorTestbed()
        let engine = bed.conductor.engine
        try await engine.register(Inspection())
        var ids: [JSONValue] = []
        for subject in ["a", "b", "c"] {
            let id = try await engine.start(
                Inspection(), state: .init(), subject: subject, requestID: "req-\(subject)")
            _ = try await engine.wait(for: id)
            ids.insert(.string(id), at: 0)
        }
        let expected = ids
        try await bed.talk { client in
            let all = try await client.send(.get, "/v1/operations")
            #expect(all.column("operations", "id") == expected)
            let two = try await client.send(.get, "/v1/operations?limit=2&status=succeeded")
            #expect(two.column("operations", "id") == Array(expected.prefix(2)))
            let one = try await client.send(.get, "/v1/operations?subject=b")
            #expect(one.column("operations", "subject") == ["b"])
            for query in ["kind=other", "running=true", "server=x", "subject=x"] {
                let none = try await client.send(.get, "/v1/operations?\(query)")
                #expect(none.column("operations", "id").isEmpty, "\(query)")
            }
            let ended = try await client.send(.get, "/v1/operations?running=false")
            #expect(ended.column("operations", "id") == expected)
            #expect(ended.at("operations.0.duration_ms") != .null)
        }
    }

    @Test func onlyBuildsHaveAPlacement() async throws {
        let bed = try await OperatorTestbed()
        try await bed.conductor.engine.register(Inspection())
        let id = try await bed.conductor.engine.start(
            Inspection(), state: .init(), subject: "a", requestID: "req-a")
        try await bed.talk { client in
            let answer = try await client.send(.get, "/v1/operations/\(id)/placement")
            #expect(answer.status == 400)
            #expect(answer.message.contains("(inspection) has not chosen a host"))
            let unknown = try await client.send(.get, "/v1/operations/\(id.dropLast())")
            #expect(unknown.status == 404)
        }
    }
}
