import ComputeModel
import HTTPTypes
import JSON
import RequestPipeline
import Testing

@testable import Conductor
@testable import OpenStackAPI

/// Who may call what: every route of every service, from the route tables themselves.
@Suite struct AccessTests {
    /// Tokens with the role they carry.
    private static let tokens: [(token: String, role: Role)] = [
        ("reader", .reader), ("member", .member), ("admin", .admin),
    ]

    private static func path(_ service: APIService, _ route: Route) -> String {
        let parts = (service.root + route.path).split(
            separator: "/", omittingEmptySubsequences: false)
        return parts.map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
    }

    @Test func everyRouteNeedsAToken() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            for service in bed.services {
                for route in service.routes where !Self.isOpen(route) {
                    let path = Self.path(service, route)
                    for token in [nil, "", "forged"] {
                        let answer = try await client.send(route.method, path, token: token)
                        #expect(answer.status == 401, "\(route.method) \(path)")
                    }
                }
            }
        }
    }

    @Test func everyRouteNeedsItsRole() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            for service in bed.services {
                for route in service.routes {
                    guard case .role(let needed) = route.access else { continue }
                    let path = Self.path(service, route)
                    for (token, role) in Self.tokens where role < needed {
                        let answer = try await client.send(route.method, path, token: token)
                        #expect(answer.status == 403, "\(route.method) \(path) as \(token)")
                    }
                }
            }
        }
    }

    /// Whoever changes something must at least be a member.
    @Test func readersChangeNothing() async throws {
        let bed = try await ComputeAPITestbed()
        let ownAffairs: Set<String> = [
            "/identity/v3/auth/tokens", "/identity/v3/users/{id}/password",
        ]
        for service in bed.services {
            for route in service.routes where route.method != .get && route.method != .head {
                let path = service.root + route.path
                guard !ownAffairs.contains(path) else { continue }
                let isGuarded =
                    if case .role(let role) = route.access { role > .reader } else { false }
                #expect(isGuarded, "\(route.method) \(path)")
            }
        }
    }

    /// Look at the token themselves: it may be one for no project, which no role fits.
    private static let checksItself: Set<String> = [
        "/identity/v3/auth/tokens", "/identity/v3/auth/catalog", "/identity/v3/auth/projects",
        "/identity/v3/auth/domains", "/identity/v3/auth/system",
    ]

    @Test func routesThatCheckThemselvesRefuseWhoHasNoToken() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            for path in Self.checksItself.sorted() {
                for token in [nil, "forged"] {
                    let answer = try await client.send(.get, path, token: token)
                    #expect(answer.status == 401, "GET \(path)")
                }
            }
        }
    }

    /// Version documents and the making of tokens.
    private static func isOpen(_ route: Route) -> Bool {
        guard route.access == .anyone else { return false }
        let isVersion = route.method == .get && route.path.split(separator: "/").count < 2
        return isVersion || route.method == .post && route.path == "/v3/auth/tokens"
    }

    /// What else is open to the pipeline are questions about the token itself, which are asked with
    /// tokens that have no project; those routes look at them by themselves.
    @Test func onlyVersionsAndTheMakingOfTokensAreOpen() async throws {
        for service in try await ComputeAPITestbed().services {
            for route in service.routes where route.access == .anyone && !Self.isOpen(route) {
                #expect(service.root == "/identity", "\(route.method) \(route.path)")
                #expect(route.path.hasPrefix("/v3/auth/"), "\(route.method) \(route.path)")
            }
        }
    }

    @Test func noRouteIsThereTwice() async throws {
        for service in try await ComputeAPITestbed().services {
            let lines = service.routes.map { "\($0.method) \(Self.path(service, $0))" }
            let twice = Dictionary(grouping: lines, by: { $0 }).filter { $0.value.count > 1 }
            #expect(twice.keys.sorted() == [])
        }
    }

    /// Objects of one project are not there for another, whatever is asked of them.
    @Test func whatBelongsToOthersIsNotFound() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.context.documents.mutate(
            Image.self, ComputeAPITestbed.imageID.text
        ) { $0.visibility = .private }
        try await bed.talk { client in
            let network = NetworkAPIClient(client: client.client)
            let (net, subnet) = try await network.makeNetwork()
            let port = try await network.makePort(["network_id": .string(net)])
            let portID = try #require(port["id"]?.text)
            let paths: [(HTTPRequest.Method, String)] = [
                (.get, "/compute/v2.1/servers/\(server.id)"),
                (.delete, "/compute/v2.1/servers/\(server.id)"),
                (.get, "/compute/v2.1/servers/\(server.id)/ips"),
                (.get, "/compute/v2.1/servers/\(server.id)/metadata"),
                (.get, "/compute/v2.1/servers/\(server.id)/os-interface"),
                (.get, "/compute/v2.1/servers/\(server.id)/os-instance-actions"),
                (.get, "/compute/v2.1/servers/\(server.id)/os-security-groups"),
                (.get, "/compute/v2.1/servers/\(server.id)/tags"),
                (.get, "/network/v2.0/ports/\(portID)"),
                (.delete, "/network/v2.0/ports/\(portID)"),
                (.get, "/network/v2.0/networks/\(net)"),
                (.delete, "/network/v2.0/networks/\(net)"),
                (.get, "/network/v2.0/subnets/\(subnet)"),
                (.delete, "/network/v2.0/subnets/\(subnet)"),
                (.get, "/image/v2/images/\(ComputeAPITestbed.imageID)"),
                (.get, "/image/v2/images/\(ComputeAPITestbed.imageID)/file"),
                (.delete, "/image/v2/images/\(ComputeAPITestbed.imageID)"),
            ]
            for (method, path) in paths {
                let answer = try await client.send(method, path, token: "other")
                #expect(answer.status == 404, "\(method) \(path)")
            }
            for (method, path) in paths where method == .get && !path.hasSuffix("/file") {
                let answer = try await client.send(method, path, token: "member")
                #expect(answer.status == 200, "\(method) \(path)")
            }
        }
    }

    /// Bodies that change others' objects.
    @Test func changesOfOthersObjectsAreNotFound() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let network = NetworkAPIClient(client: client.client)
            let (net, _) = try await network.makeNetwork()
            let port = try await network.makePort(["network_id": .string(net)])
            let portID = try #require(port["id"]?.text)
            let changes: [(HTTPRequest.Method, String, JSONValue)] = [
                (.put, "/compute/v2.1/servers/\(server.id)", ["server": ["name": "mine"]]),
                (
                    .post, "/compute/v2.1/servers/\(server.id)/action",
                    ["os-getConsoleOutput": [:]]
                ),
                (
                    .post, "/compute/v2.1/servers/\(server.id)/metadata",
                    ["metadata": ["a": "b"]]
                ),
                (.put, "/network/v2.0/ports/\(portID)", ["port": ["name": "mine"]]),
                (.put, "/network/v2.0/networks/\(net)", ["network": ["name": "mine"]]),
            ]
            for (method, path, body) in changes {
                let answer = try await client.send(method, path, token: "other", body)
                #expect(answer.status == 404, "\(method) \(path)")
            }
        }
        #expect(try bed.conductor.instances.show(server.id, Self.owner).name == "s1")
    }

    private static let owner = Caller(
        userID: UserID("member"), userName: "member", projectID: NetworkTokens.project,
        projectName: "member", role: .member, requestID: APIRequestID("req-test"))
}
