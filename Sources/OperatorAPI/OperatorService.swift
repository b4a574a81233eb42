import Conductor
import HTTPTypes
import RequestPipeline

/// Millrace's own API below `/v1`: hosts, devices, operations,
/// migrations and simulated hosts, for operators.
/// Every route needs the role `admin`.
public struct OperatorService: Sendable {
    let conductor: Conductor
    let joinTokens: (any JoinTokenIssuer)?
    let simulation: (any SimulationControl)?

    /// The API over `conductor`.
    ///
    /// - Parameters:
    ///   - joinTokens: makes tokens for hosts that join; nil answers 501.
    ///   - simulation: the simulated hosts; nil answers 404, with a sentence that says why.
    public init(
        conductor: Conductor, joinTokens: (any JoinTokenIssuer)?,
        simulation: (any SimulationControl)?
    ) {
        self.conductor = conductor
        self.joinTokens = joinTokens
        self.simulation = simulation
    }

    /// Its routes, for the pipeline.
    public var service: APIService {
        APIService(root: "/v1", routes: routes, faults: OperatorFaults())
    }

    private var routes: [Route] {
        [
            route(.get, "/hosts", listHosts),
            route(.get, "/hosts/{host}", showHost),
            route(.put, "/hosts/{host}", updateHost),
            route(.post, "/hosts/{host}/join-token", issueJoinToken),
            route(.post, "/hosts/{host}/drain", drainHost),
            route(.get, "/devices", listDevices),
            route(.get, "/operations", listOperations),
            route(.get, "/operations/{operation}", showOperation),
            route(.get, "/operations/{operation}/placement", showPlacement),
            route(.get, "/migrations", listMigrations),
            route(.get, "/migrations/{migration}", showMigration),
            route(.get, "/audit", showAudit),
            route(.post, "/audit", repair),
            route(.post, "/placements", tryPlacement),
            route(.get, "/simulation/hosts", listSimulatedHosts),
            route(.put, "/simulation/hosts/{host}/agent", switchAgent),
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ path: String,
        _ handler: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) -> Route {
        Route(method, path, .role(.admin), handler)
    }
}
