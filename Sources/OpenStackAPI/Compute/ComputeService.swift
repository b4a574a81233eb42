import ComputeModel
import Conductor
import HTTPTypes
import RequestPipeline

/// The compute service: Nova's API, version 2.1 with microversions.
public struct ComputeService: Sendable {
    let conductor: Conductor
    let addresses: ServiceAddresses
    let root: String

    /// Serves `conductor` below `root`.
    public init(_ conductor: Conductor, addresses: ServiceAddresses, root: String = "/compute") {
        self.conductor = conductor
        self.addresses = addresses
        self.root = root
    }

    /// Its routes and manners.
    public var service: APIService {
        APIService(
            root: root, routes: routes, faults: ComputeFaults(), around: Self.negotiate)
    }

    /// Every route, each also with the project's id in front, as old clients write it.
    private var routes: [Route] {
        let below = table.flatMap { route -> [Route] in
            [
                Route(route.method, "/v2.1" + route.path, route.access, route.handler),
                Route(
                    route.method, "/v2.1/{project_id}" + route.path, route.access, route.handler),
            ]
        }
        return versions + below
    }

    private var table: [Route] {
        serverRoutes + interfaceRoutes + migrationRoutes + instanceActionRoutes + flavorRoutes
            + keypairRoutes + hypervisorRoutes
            + serviceRoutes + zoneRoutes + aggregateRoutes + serverGroupRoutes + limitRoutes
    }

    /// Wraps a handler that needs the microversion.
    func route(
        _ method: HTTPRequest.Method, _ path: String, _ role: Role,
        _ handler: @escaping @Sendable (ComputeRequest) async throws -> APIResponse
    ) -> Route {
        Route(method, path, .role(role)) { request in
            let version = try Microversion.requested(by: request)
            return try await handler(ComputeRequest(request: request, version: version))
        }
    }

    /// Says in every answer which microversion it is in, also in those that say no.
    private static let negotiate:
        @Sendable (APIRequest, Route.Handler) async throws -> APIResponse =
            { request, handler in
                let version: Microversion
                do {
                    version = try Microversion.requested(by: request)
                } catch let error as MicroversionNotAcceptable {
                    return .json(
                        .notAcceptable,
                        ["computeFault": ["code": 406, "message": .string(error.message)]])
                }
                var response: APIResponse
                do {
                    response = try await handler(request)
                } catch let error as DomainError {
                    response = ComputeFaults().fault(error, request.context)
                }
                return response.header("OpenStack-API-Version", "compute \(version.text)")
                    .header("X-OpenStack-Nova-API-Version", version.text)
                    .header("Vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
                    .header("x-compute-request-id", request.context.requestID.text)
            }

    /// Where the API is, for links.
    func base(_ request: APIRequest) -> String { addresses.base(request) + root }
}
