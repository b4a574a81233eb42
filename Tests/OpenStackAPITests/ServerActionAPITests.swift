import Conductor
import Foundation
import HTTPTypes
import JSON
import RequestPipeline
import Testing

@testable import ComputeModel
@testable import OpenStackAPI

/// What is refused before anything is done: roles, bodies, others' servers.
@Suite struct ServerActionAPITests {
    /// Actions with a body that would be accepted.
    static let actions: [(String, JSONValue)] = [
        ("os-start", nil), ("os-stop", nil), ("reboot", ["type": "SOFT"]), ("pause", nil),
        ("unpause", nil), ("suspend", nil), ("resume", nil), ("rescue", nil), ("unrescue", nil),
        ("rebuild", ["imageRef": .string(ComputeAPITestbed.imageID.text)]), ("shelve", nil),
        ("shelveOffload", nil), ("unshelve", nil), ("createImage", ["name": "i"]),
        ("resize", ["flavorRef": "f1"]), ("confirmResize", nil), ("revertResize", nil),
        ("lock", nil), ("unlock", nil), ("forceDelete", nil), ("migrate", nil),
        ("os-migrateLive", ["host": nil, "block_migration": "auto"]), ("evacuate", [:]),
        ("os-resetState", ["state": "error"]),
    ]
    private static let administrative = [
        "migrate", "os-migrateLive", "evacuate", "os-resetState",
    ]

    @Test(arguments: actions)
    func othersServersAreNotThereAndReadersMayNot(action: String, value: JSONValue) async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let path = "/servers/\(server.id)/action"
            let body = JSONValue.object([.init(action, value)])
            let foreign = try await client.compute(
                .post, path, body, as: "other", version: "2.100")
            #expect(foreign.status == 404)
            let reader = try await client.compute(
                .post, path, body, as: "reader", version: "2.100")
            #expect(reader.status == 403)
            if Self.administrative.contains(action) {
                let owner = try await client.compute(.post, path, body, version: "2.100")
                #expect(owner.status == 403)
                #expect(owner.fault("forbidden")?.contains("'\(action)'") == true)
            }
        }
        let kept = try #require(
            try bed.context.documents.get(Instance.self, server.id.text)
        ).value
        #expect(kept == server)
    }

    /// Bodies that nobody may send, as an administrator, in a version.
    static let wrong: [(JSONValue, String)] = [
        ([:], "2.100"), ([], "2.100"), (["dance": nil], "2.100"),
        (["pause": nil, "resume": nil], "2.100"), (["os-start": ["x": 1]], "2.1"),
        (["reboot": [:]], "2.1"), (["createImage": ["name": ""]], "2.1"),
        (["createImage": ["name": "i", "metadata": ["k": 1]]], "2.1"),
        (["createImage": nil], "2.45"), (["os-resetState": ["state": "paused"]], "2.1"),
        (["os-resetState": nil], "2.1"), (["lock": ["locked_reason": "why"]], "2.72"),
        (["lock": ["locked_reason": ""]], "2.73"), (["lock": ["reason": "why"]], "2.73"),
        (["unlock": ["locked_reason": "why"]], "2.73"), (["rebuild": [:]], "2.1"),
        (["forceDelete": ["now": true]], "2.1"),
    ]

    @Test(arguments: wrong)
    func wrongBodiesAreRefused(body: JSONValue, version: String) async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(server.id)/action", body, as: "admin", version: version)
            #expect(answer.status == 400)
            #expect((answer.fault("badRequest")?.count ?? 0) > 10)
        }
    }

    @Test(arguments: [
        ("createBackup", "2.1", 501), ("addSecurityGroup", "2.100", 501),
        ("changePassword", "2.100", 501), ("restore", "2.1", 501),
        ("addFixedIp", "2.43", 501), ("addFixedIp", "2.44", 404),
        ("removeFloatingIp", "2.43", 501), ("removeFloatingIp", "2.100", 404),
    ])
    func whatIsNotBuiltSaysSo(action: String, version: String, status: Int) async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(server.id)/action", .object([.init(action, nil)]),
                version: version)
            #expect(answer.status == status)
            if status == 501 {
                #expect(answer.fault("notImplemented")?.contains("'\(action)'") == true)
            }
        }
    }

    @Test func onlyAdministratorsNameAHost() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1") { $0.state = .shelvedOffloaded }
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(server.id)/action", ["unshelve": ["host": "h1"]],
                version: "2.91")
            #expect(answer.status == 403)
        }
    }

    /// Taking the zone away would be passed over in silence.
    @Test func aZoneCannotBeTakenAway() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1") {
            $0.state = .shelvedOffloaded
            $0.requestedZone = "az1"
        }
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(server.id)/action",
                ["unshelve": ["availability_zone": nil]], version: "2.91")
            #expect(answer.status == 400)
            #expect(answer.fault("badRequest")?.contains("az1") == true)
        }
    }
}
