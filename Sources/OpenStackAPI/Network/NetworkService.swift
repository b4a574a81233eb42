import ComputeModel
public import Conductor
import HTTPTypes
import JSON
public import Networking
public import RequestPipeline

/// The network API, version 2.0: networks, subnets, ports, security groups, and what the client
/// asks around them.
public struct NetworkService: Sendable {
    let networks: Networks
    let subnets: Subnets
    let ports: Ports
    let groups: SecurityGroups
    let aggregates: Aggregates
    let hosts: Hosts
    let settings: NetworkingSettings
    let addresses: ServiceAddresses
    var rootPath = "/network"

    /// The service on top of the application's parts.
    public init(
        context: NetworkingContext, hosts: Hosts, aggregates: Aggregates,
        addresses: ServiceAddresses
    ) {
        networks = Networks(context)
        subnets = Subnets(context)
        ports = Ports(context)
        groups = SecurityGroups(context)
        settings = context.settings
        self.hosts = hosts
        self.aggregates = aggregates
        self.addresses = addresses
    }

    /// Its routes below `root`.
    public func service(root: String = "/network") -> APIService {
        var copy = self
        copy.rootPath = root
        return APIService(
            root: root, routes: copy.routes,
            faults: NetworkFaults(authenticateURL: addresses.configuredIdentityURL))
    }

    private var routes: [Route] {
        discoveryRoutes + networkRoutes + subnetRoutes + portRoutes + bindingRoutes
            + securityGroupRoutes + securityGroupRuleRoutes + agentRoutes + quotaRoutes
            + emptyRoutes
    }

    /// Address of the version document, with a slash at the end.
    func versionURL(_ request: APIRequest) -> String {
        addresses.base(request) + rootPath + "/v2.0/"
    }

    /// A page of a collection, as the request's query asks.
    func page<Item>(
        _ table: ResourceTable<Item>, _ items: [Item], _ request: APIRequest
    ) throws -> APIResponse {
        let caller = try request.caller
        let query = try CollectionQuery(request, table, caller)
        let page = try query.page(of: items)
        var members = [
            JSONValue.Member(
                table.plural,
                .array(page.items.map { table.view($0, caller, fields: query.fields) }))
        ]
        if !page.links.isEmpty {
            let base = versionURL(request) + table.path
            members.append(
                .init(
                    "\(table.plural)_links",
                    .array(
                        page.links.map { link in
                            ["rel": .string(link.rel), "href": .string("\(base)?\(link.query)")]
                        })))
        }
        return .ok(.object(members))
    }

    /// One object in its envelope, with the fields that the query asks for.
    func one<Item>(
        _ table: ResourceTable<Item>, _ item: Item, _ request: APIRequest,
        _ status: HTTPResponse.Status = .ok
    ) throws -> APIResponse {
        let fields = QueryItems(request).values("fields")
        let view = table.view(item, try request.caller, fields: fields)
        return .json(status, .object([.init(table.singular, view)]))
    }

    /// Several objects in the envelope of a bulk request.
    func many<Item>(
        _ table: ResourceTable<Item>, _ items: [Item], _ request: APIRequest,
        _ status: HTTPResponse.Status
    ) throws -> APIResponse {
        let caller = try request.caller
        let views = items.map { table.view($0, caller, fields: []) }
        return .json(status, .object([.init(table.plural, .array(views))]))
    }

    /// The objects of a request to create: one under its singular, or several under its plural.
    func bodies<Item>(
        _ request: APIRequest, _ table: ResourceTable<Item>
    ) async throws -> (values: [JSONValue], isBulk: Bool) {
        var body = try BodyReader(try await request.json(), path: "body", noun: table.noun)
        if let one = body.value(table.singular) {
            try body.finish()
            return ([one], false)
        }
        guard let several = try body.array(table.plural, countMax: NetworkLimits.bulkMax),
            !several.isEmpty
        else { throw body.missing(table.singular) }
        try body.finish()
        return (several, true)
    }

    /// The object of a request to change one.
    func body<Item>(
        _ request: APIRequest, _ table: ResourceTable<Item>
    ) async throws -> BodyReader {
        var body = try BodyReader(try await request.json(), path: "body", noun: table.noun)
        guard let object = try body.object(table.singular) else {
            throw body.missing(table.singular)
        }
        try body.finish()
        return object
    }

    /// Serves a request to create objects that are made one by one; when one fails, those made
    /// before it are removed again.
    func create<Item: Sendable>(
        _ request: APIRequest, _ table: ResourceTable<Item>,
        make: (BodyReader) async throws -> Item, undo: (Item) async throws -> Void
    ) async throws -> APIResponse {
        let (values, isBulk) = try await bodies(request, table)
        var made: [Item] = []
        do {
            for value in values {
                let reader = try BodyReader(value, path: table.singular, noun: table.noun)
                made.append(try await make(reader))
            }
        } catch {
            for item in made.reversed() { try await undo(item) }
            throw error
        }
        return isBulk
            ? try many(table, made, request, .created) : try one(table, made[0], request, .created)
    }
}
