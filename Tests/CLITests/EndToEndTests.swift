import ComputeModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import RequestPipeline
import Testing

@testable import CLI

@Suite struct EndToEndTests {
    @Test func devicesInThreeForms() async throws {
        try await LiveServer.with { server in
            let table = try await server.run(DeviceList.self, "--kind", "vdpa")
            #expect(table.code == 0)
            #expect(table.talk.isEmpty)
            #expect(
                table.result == """
                    HOST       ADDRESS       KIND  STATE      NETWORK   NUMA  NAME   MAC  \
                    INSTANCE  REASON
                    compute-1  0000:65:00.1  vdpa  available  physnet1     -  vdpa1  -    \
                    -         -

                    """)
            let quiet = try await server.run(DeviceList.self, "-q")
            #expect(quiet.result == "vdpa-1\n")
            let json = try await server.run(
                DeviceList.self, "--state", "allocated", "--format", "json")
            #expect(json.result == "[]\n")
            let unknown = try await server.run(DeviceList.self, "--host", "nine")
            #expect(unknown.code == 1)
            #expect(unknown.result.isEmpty)
            #expect(unknown.talk.hasPrefix("millrace: There is no host 'nine'. (HTTP 404, GET"))
        }
    }

    @Test func hostsAreShownAndTakenOut() async throws {
        try await LiveServer.with { server in
            let list = try await server.run(HostList.self)
            #expect(list.result.contains("compute-1  up     yes   nova   0/16      0/8192"))
            let disabled = try await server.run(
                HostDisable.self, "compute-1", "--reason", "new memory")
            #expect(disabled.result.contains("no (new memory)"))
            #expect(disabled.talk.hasPrefix("Host 'compute-1' takes no new servers"))
            let forced = try await server.run(HostForceDown.self, "compute-1")
            #expect(forced.result.contains("compute-1  down   no (forced down)"))
            _ = try await server.run(HostForceDown.self, "compute-1", "--off")
            let enabled = try await server.run(
                HostEnable.self, "compute-1", "--format", "json")
            let json = try JSONValue(parsing: Array(enabled.result.utf8))
            #expect(json["disabled"] == false && json["forced_down"] == false)
            let shown = try await server.run(HostShow.self, "compute-1")
            #expect(shown.result.contains("hypervisor        QEMU 8.2.1\n"))
            #expect(
                shown.result.contains(
                    "vdpa devices      1 available, 0 claimed, 0 allocated, 0 unavailable\n"))
            let token = try await server.run(HostToken.self, "compute-7")
            #expect(token.result == "token-for-compute-7\n")
            #expect(token.talk.contains("until 2027-01-15T08:00:00.000Z"))
        }
    }

    @Test func aSimulatedHostsAgentIsStoppedAndStarted() async throws {
        try await LiveServer.with { server in
            let stopped = try await server.run(SimulateStopAgent.self, "compute-1")
            #expect(stopped.code == 0)
            #expect(stopped.result == "HOST       AGENT RUNS\ncompute-1  no\n")
            let hosts = try await server.run(HostList.self)
            #expect(hosts.result.contains("compute-1  down "))
            let started = try await server.run(SimulateStartAgent.self, "compute-1")
            #expect(started.talk == "The agent of host 'compute-1' is started.\n")
            let list = try await server.run(SimulateList.self, "--quiet")
            #expect(list.result == "compute-1\n")
        }
    }

    @Test func aServerWithoutAHostIsExplained() async throws {
        try await LiveServer.with { server in
            let instance = try await server.createServer("web.1", deviceOn: "physnet9")
            let reason =
                "no free vdpa device on physnet9 for port \(LiveServer.portID): 1 of that kind,"
                + " 0 wired there, 0 free"
            for name in ["web.1", instance.id.text] {
                let told = try await server.run(ExplainServer.self, name)
                #expect(told.code == 0, "\(told.talk)")
                #expect(told.result.contains("status            ERROR\n"))
                #expect(told.result.contains("No valid host was found."))
                #expect(told.result.contains("operation status  failed\n"))
                #expect(told.result.contains("failed step       place: "))
                #expect(told.result.contains("\ncompute-1  \(reason)\n"))
            }
            let json = try await server.run(ExplainServer.self, "web.1", "--format", "json")
            let value = try JSONValue(parsing: Array(json.result.utf8))
            #expect(value.text("server.vm_state") == "error")
            #expect(value.text("operation.status") == "failed")
            #expect(value.list("hosts").first?.texts("reasons") == [reason])
            let absent = try await server.run(ExplainServer.self, "web21")
            #expect(absent.code == 1)
            #expect(absent.talk.contains("no project has a server 'web21'"))
        }
    }

    @Test func operationsAreListedAndShown() async throws {
        try await LiveServer.with { server in
            let instance = try await server.createServer("web", deviceOn: "physnet9")
            let id = try #require(instance.workflowID).text
            let list = try await server.run(OperationList.self, "--status", "failed")
            #expect(list.result.contains("\(id)  create_instance  web     failed  place"))
            for name in ["web", instance.id.text] {
                let ids = try await server.run(OperationList.self, "--server", name, "--quiet")
                #expect(ids.result == "\(id)\n")
            }
            let running = try await server.run(OperationList.self, "--running", "--quiet")
            #expect(running.result == "")
            let shown = try await server.run(OperationShow.self, id)
            #expect(shown.result.contains("request           req-create\n"))
            #expect(shown.result.contains("\nplace          undone "))
            let placement = try await server.run(OperationPlacement.self, id)
            #expect(placement.result.hasPrefix("HOST       WHY NOT\ncompute-1  no free vdpa"))
            let unknown = try await server.run(OperationShow.self, "none")
            #expect(unknown.code == 1)
        }
    }
}

@Suite struct MigrationEndToEndTests {
    @Test func movesAreListedAndShown() async throws {
        try await LiveServer.with { server in
            let instance = try await server.createServer("web", deviceOn: "physnet9")
            var move = Migration(
                id: MigrationID("00000000-0000-4000-8000-000000000001"), number: 7,
                instance: instance, kind: .liveMigration, status: .running,
                sourceHostID: HostID("aaaaaaaa-0000-4000-8000-000000000001"),
                sourceHostName: "compute-1", newFlavorID: instance.flavor.id,
                userID: UserID("u"), projectID: instance.projectID,
                workflowID: try #require(instance.workflowID), createdAt: instance.createdAt)
            move.destinationHostName = "compute-2"
            var progress = GuestMigrationReport(migrationID: move.id)
            progress.memoryTotalBytes = 1_000
            progress.memoryRemainingBytes = 333
            move.progress = progress
            try await server.conductor.context.documents.transact { [move] in
                try $0.insert(move)
            }
            let list = try await server.run(MigrationList.self, "--running", "--host", "compute-1")
            #expect(list.code == 0, "\(list.talk)")
            #expect(
                list.result.contains(
                    "     7  live-migration  web     compute-1  compute-2  running   34%"))
            let over = try await server.run(MigrationList.self, "--kind", "resize", "-q")
            #expect(over.result == "")
            let shown = try await server.run(MigrationShow.self, "7")
            #expect(shown.result.contains("from             compute-1\n"))
            #expect(shown.result.contains("\nplace "))
            let json = try await server.run(MigrationShow.self, move.id.text, "--format", "json")
            let value = try JSONValue(parsing: Array(json.result.utf8))
            #expect(value.number("progress.memory_remaining_bytes") == 333)
            let unknown = try await server.run(MigrationShow.self, "8")
            #expect(unknown.code == 1)
            #expect(unknown.talk.contains("There is no migration '8'."))
        }
    }
}

@Suite struct RefusalTests {
    private static func clouds(port: Int, password: String = "wrong") -> String {
        """
        clouds:
          millrace:
            auth:
              auth_url: "http://127.0.0.1:\(port)/identity/v3"
              username: admin
              password: \(password)
              project_name: admin
        """
    }

    @Test func aWrongPasswordIsRefusedInOneLine() async throws {
        try await LiveServer.with { server in
            try server.folder.write(Self.clouds(port: server.port), to: "clouds.yaml")
            let refused = try await server.run(HostList.self)
            #expect(refused.code == 1)
            #expect(refused.talk.contains("refused user 'admin'"))
            #expect(!refused.talk.contains("wrong"))
            #expect(refused.talk.split(separator: "\n").count == 1)
        }
    }

    @Test func noServerEndsWithThree() async throws {
        try await TemporaryFolder.with { folder in
            let port = try ClosedPort()
            try folder.write(Self.clouds(port: port.number), to: "clouds.yaml")
            let sayings = Sayings()
            let code = try await HostList.parse([]).run(in: sayings.context(folder.url))
            #expect(code == 3)
            #expect(
                sayings.talk == "millrace: no answer from http://127.0.0.1:\(port.number):"
                    + " Connection refused: check that the server runs there, and 'auth_url' in"
                    + " clouds.yaml\n")
        }
    }

    @Test(arguments: [
        ("<html>", HTTPResponse.Status.ok, "the answer is no JSON"),
        ("{}", .ok, "answered without a token"),
        ("oops", .internalServerError, "Internal Server Error (HTTP 500, logging in at"),
    ])
    func whatIsNoMillraceIsRefused(
        body: String, status: HTTPResponse.Status, told: String
    ) async throws {
        try await TemporaryFolder.with { folder in
            let router = Router()
            router.post("/identity/v3/auth/tokens") { _, _ in
                Response(status: status, body: .init(byteBuffer: .init(string: body)))
            }
            let file = folder.url
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            try await Application(router: router, logger: logger).test(.live) { client in
                let port = try #require(client.port)
                try Self.clouds(port: port).write(
                    to: file.appendingPathComponent("clouds.yaml"), atomically: false,
                    encoding: .utf8)
                let sayings = Sayings()
                let code = try await HostList.parse([]).run(in: sayings.context(file))
                #expect(code == 1)
                #expect(sayings.talk.contains(told), "\(sayings.talk)")
            }
        }
    }

    @Test func aTokenFileThatIsMissingIsAUsageError() async throws {
        try await TemporaryFolder.with { folder in
            let text = Self.clouds(port: 1) + "\n    cacert: absent.pem\n"
            try folder.write(text, to: "clouds.yaml")
            let sayings = Sayings()
            let code = try await HostList.parse([]).run(in: sayings.context(folder.url))
            #expect(code == 2)
            #expect(sayings.talk.contains("'cacert' of cloud 'millrace'"))
        }
    }
}
