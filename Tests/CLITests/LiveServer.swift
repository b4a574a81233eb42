import ComputeModel
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import OpenStackAPI
import OperatorAPI
import Persistence
import RequestPipeline
import Synchronization
import Testing

@testable import CLI
@testable import Conductor
@testable import ControlPlaneState
@testable import Identity
@testable import ImageStore
@testable import Networking

/// A server on a port of its own with identity, compute and operators' API, and the credentials
/// that its bootstrap wrote. One host, compute-1, has one free vDPA device on physnet1.
struct LiveServer {
    let folder: TemporaryFolder
    let conductor: Conductor
    let port: Int

    static func with(_ body: @escaping @Sendable (LiveServer) async throws -> Void) async throws {
        try await TemporaryFolder.with { folder in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            var settings = ConductorSettings()
            // No agent reports: however long a test takes, its host is not to fall silent.
            settings.hostDownAfter = .seconds(86_400)
            let context = ConductorContext(
                documents: try await DocumentStore.open(
                    MemoryStateStore(), types: StoredTypes.conductor + StoredTypes.identity,
                    logger: logger),
                settings: settings, logger: logger)
            let conductor = try await Conductor(
                context, ports: Ports(context.with(NetworkingSettings())),
                images: Images(
                    context: context.with(ImageStoreSettings(directory: folder.url))))
            let tokens = Tokens(
                context: context.with(IdentitySettings()),
                passwords: try PasswordHasher(cost: PasswordCost(roundsLog2: 4)))
            let application = Application(
                router: router(conductor, tokens), logger: logger)
            try await putHost(into: context.documents)
            try await application.test(.live) { client in
                let port = try #require(client.port)
                _ = try await Bootstrap(tokens: tokens, stateDirectory: folder.url)
                    .run(authURL: "http://127.0.0.1:\(port)/identity/v3")
                try await body(LiveServer(folder: folder, conductor: conductor, port: port))
            }
        }
    }

    /// Runs a verb as an operator would, with the state directory's credentials.
    func run<Verb: OperatorVerb>(
        _ verb: Verb.Type, _ arguments: String...
    ) async throws -> (code: Int32, result: String, talk: String) {
        let sayings = Sayings()
        let command = try Verb.parse(arguments + ["--state-dir", "."])
        let code = await command.run(in: sayings.context(folder.url))
        return (code, sayings.result, sayings.talk)
    }

    private static func router(
        _ conductor: Conductor, _ tokens: Tokens
    ) -> Router<APIContext> {
        let addresses = ServiceAddresses(publicURL: nil)
        let identity = IdentityService(
            tokens: tokens, users: Users(tokens: tokens),
            projects: Projects(context: tokens.context), addresses: addresses)
        let operators = OperatorService(
            conductor: conductor, joinTokens: FixedToken(), simulation: OneHost())
        return Pipeline(verifier: tokens, limits: RequestLimits()).router([
            identity.service(), ComputeService(conductor, addresses: addresses).service,
            operators.service,
        ])
    }

    private static func putHost(into documents: DocumentStore) async throws {
        let id = HostID("aaaaaaaa-0000-4000-8000-000000000001")
        var device = Device(
            id: DeviceID("vdpa-1"), kind: .vdpa,
            address: try #require(PCIAddress("0000:65:00.1")), vendorID: "15b3",
            productID: "101e")
        device.physicalNetwork = "physnet1"
        device.vdpaName = "vdpa1"
        let report = HostReport(
            hostID: id, cpus: 4, memoryMiB: 8_192, diskGiB: 100, numaCells: [],
            hypervisor: HypervisorFacts(
                type: "QEMU", version: 8_002_001, libvirtVersion: 10_000_000,
                kernelRelease: "6.8.0", architecture: "x86_64", cpuModel: "EPYC"),
            devices: [device], conditions: [], agentVersion: "1.0", address: "192.0.2.1",
            reportedAt: Date(timeIntervalSince1970: 1_800_000_000))
        try await documents.transact { transaction in
            try transaction.insert(
                ComputeHost(id: id, name: "compute-1", zone: "nova", createdAt: report.reportedAt))
            try transaction.insert(report)
            try transaction.insert(HostLedger(hostID: id))
        }
    }
}

extension LiveServer {
    static let portID = PortID("dddddddd-0000-4000-8000-000000000001")

    /// Asks for a server on a physical network that no device is wired to, and waits until its
    /// build has ended. Can be done once.
    func createServer(_ name: String, deviceOn network: String) async throws -> Instance {
        let time = Date(timeIntervalSince1970: 1_800_000_000)
        let caller = Caller(
            userID: UserID("u"), userName: "u", projectID: ProjectID("p"), projectName: "p",
            role: .admin, requestID: APIRequestID("req-create"))
        var image = Image(
            id: ImageID("cccccccc-0000-4000-8000-000000000001"), name: "tiny",
            ownerID: caller.projectID, createdAt: time)
        image.status = .active
        var port = NetworkPort(
            id: Self.portID, networkID: NetworkID("net-1"), projectID: caller.projectID,
            name: "", macAddress: "fa:16:3e:00:09:01", macChosenByUser: false, vnicType: .vdpa,
            createdAt: time)
        port.fixedIPs = [FixedIP(subnetID: SubnetID("subnet-1"), address: "192.0.2.9")]
        try await conductor.context.documents.transact { [image, port] transaction in
            try transaction.insert(image)
            try transaction.insert(port)
            try transaction.insert(
                Network(
                    id: port.networkID, projectID: caller.projectID, name: "n",
                    networkType: .vlan, physicalNetwork: network, segmentationID: 9,
                    mtuBytes: 1_500, createdAt: time))
            try transaction.insert(
                Flavor(
                    id: FlavorID("small"), name: "small", vcpus: 1, memoryMiB: 512, diskGiB: 1))
        }
        let instance = try await conductor.instances.create(
            InstanceRequest(
                name: name, flavorID: FlavorID("small"), imageID: image.id,
                networks: .list([.port(port.id, tag: nil)])), caller)[0]
        _ = try await conductor.engine.wait(for: try #require(instance.workflowID).text)
        return instance
    }
}

/// A simulation of one host.
private final class OneHost: SimulationControl {
    private let isRunning = Mutex(true)

    func hosts() async -> [SimulatedHostStatus] {
        [.init(name: "compute-1", isAgentRunning: isRunning.withLock { $0 })]
    }

    func startAgent(_ hostName: String) async throws { isRunning.withLock { $0 = true } }
    func stopAgent(_ hostName: String) async throws { isRunning.withLock { $0 = false } }
}

private struct FixedToken: JoinTokenIssuer {
    func issue(hostName: String) async throws -> (token: String, expiresAt: Date) {
        ("token-for-\(hostName)", Date(timeIntervalSince1970: 1_800_000_000))
    }
}
