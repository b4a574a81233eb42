import ComputeModel
import Conductor
import ControlPlaneState
import Foundation
import Hummingbird
import Identity
import ImageStore
import Logging
import Networking
import OpenStackAPI
import OperatorAPI
import Persistence
import RequestPipeline

/// The server's parts, opened and wired.
struct ControlPlane: Sendable {
    let configuration: ServerConfiguration
    let conductor: Conductor
    let networking: NetworkingContext
    let identity: IdentityContext
    let tokens: Tokens
    let images: Images
    let logger: Logger

    /// Opens the state directory (made if absent) and assembles the application over it.
    ///
    /// Throws a sentence when the directory can't be used or another server runs on it.
    static func open(
        _ configuration: ServerConfiguration, logger: Logger
    ) async throws -> ControlPlane {
        let directory = configuration.stateDirectory
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw StartError(
                "the state directory \(directory.path) can't be made:"
                    + " \(error.localizedDescription)")
        }
        let store = try SQLiteStateStore(
            path: directory.appendingPathComponent("millrace.db").path, logger: logger)
        let documents = try await DocumentStore.open(
            store, types: StoredTypes.conductor + StoredTypes.identity, logger: logger)
        let context = ConductorContext(
            documents: documents, settings: configuration.compute, logger: logger)
        let networking = context.with(configuration.networking)
        let identity = context.with(configuration.identity)
        let images = Images(context: context.with(configuration.imageSettings))
        try await images.prepare()
        try await context.reopenClosing()
        let conductor = try await Conductor(
            context, ports: Ports(networking), images: images)
        let tokens = Tokens(context: identity, passwords: try PasswordHasher())
        return ControlPlane(
            configuration: configuration, conductor: conductor, networking: networking,
            identity: identity, tokens: tokens, images: images, logger: logger)
    }

    /// The API's services. `simulation` is what `millrace simulate` works on.
    func services(
        joinTokens: (any JoinTokenIssuer)?, simulation: (any SimulationControl)?
    ) -> [APIService] {
        let addresses = ServiceAddresses(publicURL: configuration.publicURL)
        return [
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
            OperatorService(
                conductor: conductor, joinTokens: joinTokens, simulation: simulation
            ).service,
        ]
    }

    /// The HTTP server for clients. `onListening` gets the port.
    func application(
        _ services: [APIService], onListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let router = Pipeline(verifier: tokens, limits: configuration.limits).router(services)
        return Application(
            router: router,
            configuration: .init(
                address: .hostname(
                    configuration.listen.host, port: configuration.listen.port),
                serverName: "millrace"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger)
    }
}
