import AgentProtocol
import ComputeModel
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import Persistence
import RequestPipeline
import SimulatedDrivers
import Testing

@testable import Conductor
@testable import ControlPlaneState
@testable import ImageStore
@testable import Networking
@testable import OpenStackAPI

/// The first thing anybody does with Millrace, through the APIs, with a simulated host behind:
/// port, server, look, delete.
@Suite struct ComputeConversationTests {
    @Test func aServerIsMadeSeenAndDeleted() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("compute-\(UUID().uuidString)")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.conductor + StoredTypes.identity, logger: logger)
        let context = ConductorContext(
            documents: documents, settings: ConductorSettings(),
            logger: logger)
        let images = Images(context: context.with(ImageStoreSettings(directory: directory)))
        try await images.prepare()
        let networking = context.with(NetworkingSettings())
        let conductor = try await Conductor(context, ports: Ports(networking), images: images)
        let fleet = SimulatedFleet(
            .standard(hosts: 1), agentVersion: "test", logger: logger
        ) { conductor.link(hostName: $0.name) }
        let run = Task { try await conductor.run() }
        await fleet.start()
        let outcome = await Result {
            try await Self.talk(conductor, images)
        }
        conductor.hub.board.close()
        run.cancel()
        await conductor.shutdown(grace: .zero)
        await fleet.stop()
        await documents.close()
        try FileManager.default.removeItem(at: directory)
        try outcome.get()
    }

    private static func talk(_ conductor: Conductor, _ images: Images) async throws {
        let addresses = ServiceAddresses(publicURL: "http://cloud.example.com")
        let router = Pipeline(verifier: NetworkTokens(), limits: RequestLimits()).router([
            ImageService(images: images, addresses: addresses).service(),
            NetworkService(
                context: conductor.context.with(NetworkingSettings()), hosts: conductor.hosts,
                aggregates: conductor.aggregates, addresses: addresses
            ).service(),
            ComputeService(conductor, addresses: addresses).service,
        ])
        try await conductor.flavors.create(ComputeAPITestbed.flavor)
        let application = Application(router: router, logger: conductor.context.logger)
        try await application.test(.router) { client in
            try await Self.talk(IdentityAPIClient(client: client), conductor)
        }
    }

    private static func talk(_ client: IdentityAPIClient, _ conductor: Conductor) async throws {
        let image = try await Self.image(client)
        let network = NetworkAPIClient(client: client.client)
        let (net, _) = try await network.makeNetwork(
            [
                "name": "net", "shared": true, "provider:network_type": "flat",
                "provider:physical_network": "physnet1",
            ], as: "admin")
        let port = try await network.makePort([
            "network_id": .string(net), "binding:vnic_type": "vdpa",
        ])
        let portID = try #require(port["id"]?.text)
        let made = try await client.compute(
            .post, "/servers",
            [
                "server": [
                    "name": "v1", "flavorRef": "f1", "imageRef": .string(image),
                    "networks": [["port": .string(portID)]],
                ]
            ], version: "2.100")
        #expect(made.status == 202)
        let id = try #require(made.text("server", "id"))
        try await Self.wait(for: id, in: conductor) { $0.state != .building }

        let shown = try await client.compute(.get, "/servers/\(id)", version: "2.100")
        #expect(shown.text("server", "status") == "ACTIVE")
        #expect(shown.keys("server", "addresses") == ["net"])
        let bound = try await network.get("ports/\(portID)", as: "admin")
        #expect(bound["port", "status"] == "ACTIVE")
        #expect(bound["port", "binding:host_id"] == "sim-1")
        #expect(bound["port", "device_id"] == .string(id))
        let console = try await client.compute(
            .post, "/servers/\(id)/action", ["os-getConsoleOutput": [:]])
        #expect(console.text("output")?.contains("login:") == true)
        let events = try await client.compute(
            .get, "/servers/\(id)/os-instance-actions", version: "2.58")
        #expect(events.column("instanceActions", "action") == ["create"])

        #expect(try await client.compute(.delete, "/servers/\(id)").status == 204)
        try await Self.wait(for: id, in: conductor) { $0.state == .deleted }
        #expect(try await client.compute(.get, "/servers/\(id)").status == 404)
        let free = try await network.get("ports/\(portID)", as: "admin")
        #expect(free["port", "status"] == "DOWN")
        #expect(free["port", "device_id"] == "")
        #expect(free["port", "mac_address"] == port["mac_address"])
    }

    private static func image(_ client: IdentityAPIClient) async throws -> String {
        let made = try await client.send(
            .post, "/image/v2/images", token: "admin",
            [
                "name": "img", "disk_format": "raw", "container_format": "bare",
                "visibility": "public",
            ])
        let id = try #require(made.text("id"))
        let uploaded = try await client.send(
            .put, "/image/v2/images/\(id)/file", token: "admin",
            headers: ["Content-Type": "application/octet-stream"],
            bytes: Array(repeating: 7, count: 65_536))
        #expect(uploaded.status == 204)
        return id
    }

    private static func wait(
        for id: String, in conductor: Conductor,
        until condition: @escaping @Sendable (Instance) -> Bool
    ) async throws {
        try await conductor.context.documents.wait(
            for: Instance.self, id, timeout: .seconds(60)
        ) { found -> Void? in
            guard let found = found?.value, found.workflowID == nil, condition(found) else {
                return nil
            }
            return ()
        }
    }
}

extension Result where Success == Void, Failure == any Error {
    /// The outcome of `body`.
    fileprivate init(_ body: () async throws -> Void) async {
        do {
            try await body()
            self = .success(())
        } catch {
            self = .failure(error)
        }
    }
}
