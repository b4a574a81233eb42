import ComputeModel
import HTTPTypes
import Hummingbird
import Logging

/// Who may call a route. Ownership of the object is checked by the operation itself.
public enum Access: Sendable, Equatable {
    /// No token needed: version documents and the making of tokens.
    case anyone
    /// A token with at least this role.
    case role(Role)
}

/// One line of a service's route table.
public struct Route: Sendable {
    /// What runs for a request.
    public typealias Handler = @Sendable (APIRequest) async throws -> APIResponse
    /// HTTP method.
    public var method: HTTPRequest.Method
    /// Path below the service's root, with `{name}` for parameters.
    public var path: String
    /// Who may call it.
    public var access: Access
    /// What it does.
    public var handler: Handler

    /// A line of the table.
    public init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }
}

/// Turns an error into a service's own answer: each OpenStack service has its own form.
public protocol FaultStyle: Sendable {
    /// The answer for `error`. `context` is there for the request id.
    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse
}

/// Checks tokens.
public protocol TokenVerifier: Sendable {
    /// Who the token is for; throws `unauthenticated`.
    func caller(token: String, requestID: APIRequestID) async throws(DomainError) -> Caller
}

/// One service of the API: a root path, a route table and its way to say no.
public struct APIService: Sendable {
    /// Such as `/compute`.
    public var root: String
    /// Its routes.
    public var routes: [Route]
    /// Its faults.
    public var faults: any FaultStyle
    /// Runs around each handler of this service; compute negotiates microversions here.
    public var around: (@Sendable (APIRequest, Route.Handler) async throws -> APIResponse)?

    /// A service; see the fields.
    public init(
        root: String, routes: [Route], faults: any FaultStyle,
        around: (@Sendable (APIRequest, Route.Handler) async throws -> APIResponse)? = nil
    ) {
        self.root = root
        self.routes = routes
        self.faults = faults
        self.around = around
    }
}

/// Builds the router that serves all API services.
public struct Pipeline: Sendable {
    private let verifier: any TokenVerifier
    private let limits: RequestLimits

    /// A pipeline that asks `verifier` about tokens.
    public init(verifier: any TokenVerifier, limits: RequestLimits) {
        self.verifier = verifier
        self.limits = limits
    }

    /// A router with all routes of `services`. Paths that no service knows get a 404 in JSON.
    public func router(_ services: [APIService]) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestLog(services: services))
        for service in services {
            for route in service.routes {
                router.on(
                    RouterPath(service.root + route.path), method: route.method,
                    use: endpoint(service, route))
            }
        }
        return router
    }

    private func endpoint(
        _ service: APIService, _ route: Route
    ) -> @Sendable (Request, APIContext) async throws -> Response {
        { request, context in
            var context = context
            do {
                try await authenticate(request, &context, route.access)
                let apiRequest = APIRequest(request, context, limits)
                if let around = service.around {
                    return try await around(apiRequest, route.handler).response()
                }
                return try await route.handler(apiRequest).response()
            } catch {
                let error = Faults.domainError(error, context)
                return service.faults.fault(error, context).response()
            }
        }
    }

    private func authenticate(
        _ request: Request, _ context: inout APIContext, _ access: Access
    ) async throws(DomainError) {
        guard case .role(let needed) = access else { return }
        guard let name = HTTPField.Name("X-Auth-Token"),
            let token = request.headers[name], !token.isEmpty
        else {
            throw .unauthenticated("The request you have made requires authentication.")
        }
        let caller = try await verifier.caller(token: token, requestID: context.requestID)
        guard caller.role >= needed else {
            throw .forbidden(
                "Policy doesn't allow this request to be performed: it needs the role"
                    + " '\(needed.rawValue)' and the token has '\(caller.role.rawValue)'.")
        }
        context.caller = caller
    }
}

/// Last stop of errors before they become answers.
enum Faults {
    /// The domain error in `error`; anything unforeseen is logged with the request's id. The caller
    /// is told that it will pass, or of an internal failure without its cause.
    static func domainError(_ error: any Error, _ context: APIContext) -> DomainError {
        if let error = error as? DomainError {
            if case .internalFailure(let message) = error {
                context.logger.error("request failed", metadata: ["cause": "\(message)"])
            }
            return error
        }
        if error is CancellationError {
            return .unavailable("The service is shutting down; repeat the request later.")
        }
        context.logger.error(
            "request failed",
            metadata: ["request_id": "\(context.requestID)", "cause": "\(error)"])
        if let message = (error as? any PassingFailure)?.callersMessage {
            return .unavailable(message)
        }
        return .internalFailure(
            "Unexpected API Error. The log has the cause under \(context.requestID).")
    }
}

/// Gives each answer its request id, writes one line per request, and answers in the service's
/// own form where no route matches.
struct RequestLog: RouterMiddleware {
    typealias Context = APIContext
    let services: [APIService]

    func handle(
        _ request: Request, context: APIContext,
        next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
            response = unrouted(request, context, status, error)
        }
        if let name = HTTPField.Name("x-openstack-request-id") {
            response.headers[name] = context.requestID.text
        }
        context.logger.info(
            "request",
            metadata: [
                "request_id": "\(context.requestID)", "method": "\(request.method)",
                "path": "\(request.uri.path)", "status": "\(response.status.code)",
            ])
        return response
    }

    private func unrouted(
        _ request: Request, _ context: APIContext, _ status: HTTPResponse.Status,
        _ cause: any Error
    ) -> Response {
        let service = services.first { request.uri.path.hasPrefix($0.root) && $0.root != "" }
        let error: DomainError =
            status == .notFound
            ? .notFound(.request, "The resource \(request.uri.path)")
            : Faults.domainError(cause, context)
        guard let service else {
            return APIResponse.json(
                status,
                ["error": ["code": .int(Int(status.code)), "message": .string("\(error)")]]
            ).response()
        }
        return service.faults.fault(error, context).response()
    }
}
