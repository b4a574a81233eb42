import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import OperatorAPI
import Persistence
import RequestPipeline
import Testing

@testable import ComputeModel
@testable import Conductor
@testable import ControlPlaneState
@testable import Identity
@testable import ImageStore
@testable import Networking
@testable import OpenStackAPI

/// All services behind a real router, on a store in memory. Tokens are those of `NetworkTokens`.
struct ComputeAPITestbed {
    static let time = Date(timeIntervalSince1970: 1_790_000_000)
    static let flavor = Flavor(
        id: FlavorID("f1"), name: "small", vcpus: 1, memoryMiB: 64, diskGiB: 1,
        extraSpecs: ["hw:mem": "x"])
    static let imageID = ImageID("ffe76bd9-e331-40e3-b9aa-0edc8d19e008")

    let context: ConductorContext
    let conductor: Conductor
    let services: [APIService]
    let application: Application<RouterResponder<APIContext>>

    init(
        limits: RequestLimits = RequestLimits(),
        _ change: (inout ConductorSettings) -> Void = { _ in }
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = ConductorSettings()
        // However slow the machine is, no host falls silent unless a test lets it.
        settings.hostDownAfter = .seconds(86_400)
        change(&settings)
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.conductor + StoredTypes.identity, logger: logger)
        context = ConductorContext(documents: documents, settings: settings, logger: logger)
        let networking = context.with(NetworkingSettings())
        let identity = context.with(IdentitySettings())
        let images = Images(
            context: context.with(
                ImageStoreSettings(directory: URL(filePath: "/nonexistent"))))
        conductor = try await Conductor(context, ports: Ports(networking), images: images)
        let tokens = Tokens(
            context: identity, passwords: try PasswordHasher(cost: PasswordCost(roundsLog2: 4)))
        let addresses = ServiceAddresses(publicURL: "http://cloud.example.com")
        services = [
            IdentityService(
                tokens: tokens, users: Users(tokens: tokens),
                projects: Projects(context: identity), addresses: addresses
            ).service(),
            ImageService(images: images, addresses: addresses).service(),
            NetworkService(
                context: networking, hosts: conductor.hosts, aggregates: conductor.aggregates,
                addresses: addresses
            ).service(),
            ComputeService(conductor, addresses: addresses).service,
            OperatorService(conductor: conductor, joinTokens: nil, simulation: nil).service,
        ]
        application = Application(
            router: Pipeline(verifier: NetworkTokens(), limits: limits).router(services),
            logger: logger)
        try await conductor.flavors.create(Self.flavor)
        var image = Image(
            id: Self.imageID, name: "img", ownerID: NetworkTokens.project, createdAt: Self.time)
        image.status = .active
        image.visibility = .public
        image.diskFormat = "raw"
        image.sizeBytes = 65_536
        image.virtualSizeBytes = 65_536
        image.sha512 = String(repeating: "0", count: 128)
        let stored = image
        try await documents.transact { try $0.insert(stored) }
    }

    /// Stores an instance as it would be after a build, `age` seconds older than `time`.
    @discardableResult
    func put(
        _ name: String, age: Int = 0, _ change: (inout Instance) -> Void = { _ in }
    ) async throws -> Instance {
        let number = String(age, radix: 16)
        let zeros = String(repeating: "0", count: max(0, 12 - number.count))
        var instance = Instance(
            id: InstanceID("4dfd9c48-8ac4-4d7c-8b1f-\(zeros)\(number)"),
            projectID: NetworkTokens.project, userID: UserID("member"), name: name,
            hostname: name, flavor: Self.flavor, imageID: Self.imageID,
            reservationID: "r-\(age)", createdAt: Self.time.addingTimeInterval(Double(-age)))
        instance.state = .active
        instance.task = nil
        instance.hostID = HostID("h")
        instance.hostName = "h1"
        instance.zone = "nova"
        instance.observed = .running
        instance.launchedAt = Self.time
        change(&instance)
        let stored = instance
        try await context.documents.transact { try $0.insert(stored) }
        return stored
    }

    /// A conversation with the services.
    func talk(
        _ body: @escaping @Sendable (IdentityAPIClient) async throws -> Void
    ) async throws {
        try await application.test(.router) { client in
            try await body(IdentityAPIClient(client: client))
        }
    }
}

extension IdentityAPIClient {
    /// A request to the compute service, as `member` in `version` unless told otherwise.
    func compute(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        as token: String? = "member", version: String? = nil
    ) async throws -> IdentityAPIAnswer {
        let headers = version.map { ["OpenStack-API-Version": "compute \($0)"] } ?? [:]
        return try await send(
            method, "/compute/v2.1" + path, token: token, body, headers: headers)
    }
}

extension IdentityAPIAnswer {
    /// The message of a compute fault of this kind; nil when it is none.
    func fault(_ kind: String) -> String? { text(kind, "message") }

    /// The members `key` of the items of the list `list`.
    func column(_ list: String, _ key: String) -> [String] {
        guard case .array(let items)? = json[list] else { return [] }
        return items.compactMap { $0[key]?.text }
    }
}
