import ComputeModel
import Conductor
import HTTPTypes
import Identity
import JSON
import RequestPipeline

/// The identity API, version 3: tokens, catalogue, projects, users, and roles in projects.
public struct IdentityService: Sendable {
    let tokens: Tokens
    let users: Users
    let projects: Projects
    let addresses: ServiceAddresses
    var rootPath = "/identity"

    /// The service on top of the application's parts.
    public init(
        tokens: Tokens, users: Users, projects: Projects, addresses: ServiceAddresses
    ) {
        self.tokens = tokens
        self.users = users
        self.projects = projects
        self.addresses = addresses
    }

    /// Its routes below `root`.
    public func service(root: String = "/identity") -> APIService {
        var copy = self
        copy.rootPath = root
        return APIService(
            root: root, routes: copy.routes,
            faults: IdentityFaults(authenticateURL: addresses.configuredIdentityURL))
    }

    private var routes: [Route] {
        versionRoutes + tokenRoutes + catalogRoutes + projectRoutes + userRoutes + roleRoutes
    }

    func views(_ request: APIRequest) -> IdentityViews {
        IdentityViews(root: addresses.base(request) + rootPath)
    }

    func catalog(_ request: APIRequest) -> ServiceCatalog {
        ServiceCatalog(base: addresses.base(request))
    }

    /// A list in the service's form.
    func list(_ key: String, _ values: [JSONValue], _ request: APIRequest) -> APIResponse {
        .ok(
            views(request).list(
                key, values, base: addresses.base(request), path: request.head.path ?? ""))
    }

    private var versionRoutes: [Route] {
        [
            Route(.get, "", .anyone) { request in
                let views = views(request)
                return APIResponse.json(
                    .multipleChoices, ["versions": ["values": [views.version]]]
                ).header("Location", "\(views.root)/v3/")
            },
            Route(.get, "/v3", .anyone) { request in
                .ok(["version": views(request).version])
            },
        ]
    }

    private var catalogRoutes: [Route] {
        [
            Route(.get, "/v3/services", .role(.reader)) { request in
                let found = ServiceCatalog.services.filter {
                    matches($0.type, request.query("type"))
                        && matches($0.name, request.query("name"))
                }
                return list("services", found.map { views(request).service($0) }, request)
            },
            Route(.get, "/v3/services/{id}", .role(.reader)) { request in
                let id = request.parameter("id")
                guard let found = ServiceCatalog.services.first(where: { $0.id == id }) else {
                    throw DomainError.notFound(.service, id)
                }
                return .ok(["service": views(request).service(found)])
            },
            Route(.get, "/v3/endpoints", .role(.reader)) { request in
                let found = catalog(request).endpoints.filter {
                    matches($0.service.id, request.query("service_id"))
                        && matches($0.interface, request.query("interface"))
                        && matches(ServiceAddresses.region, request.query("region_id"))
                }
                return list("endpoints", found.map { views(request).endpoint($0) }, request)
            },
            Route(.get, "/v3/endpoints/{id}", .role(.reader)) { request in
                let id = request.parameter("id")
                guard let found = catalog(request).endpoints.first(where: { $0.id == id }) else {
                    throw DomainError.notFound(.service, id)
                }
                return .ok(["endpoint": views(request).endpoint(found)])
            },
            Route(.get, "/v3/regions", .role(.reader)) { request in
                list("regions", [views(request).region], request)
            },
            Route(.get, "/v3/regions/{id}", .role(.reader)) { request in
                guard request.parameter("id") == ServiceAddresses.region else {
                    throw DomainError.notFound(.request, request.path)
                }
                return .ok(["region": views(request).region])
            },
            Route(.get, "/v3/domains", .role(.reader)) { request in
                let named = matches(DomainReference.name, request.query("name"))
                return list("domains", named ? [views(request).domain] : [], request)
            },
            Route(.get, "/v3/domains/{id}", .role(.reader)) { request in
                let id = request.parameter("id")
                guard id == DomainReference.id else { throw DomainError.notFound(.domain, id) }
                return .ok(["domain": views(request).domain])
            },
        ]
    }

    /// Whether a value passes a filter of the query; an absent filter passes everything.
    func matches(_ value: String, _ filter: String?) -> Bool {
        filter == nil || filter == value
    }

    /// Whether a flag passes a filter of the query.
    func matches(_ value: Bool, _ filter: String?) -> Bool {
        guard let filter = filter?.lowercased() else { return true }
        return value == !["false", "0", "no", "off"].contains(filter)
    }
}
