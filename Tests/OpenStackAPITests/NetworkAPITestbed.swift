import ComputeModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import NIOCore
import Persistence
import RequestPipeline
import Testing

@testable import Conductor
@testable import ControlPlaneState
@testable import Networking
@testable import OpenStackAPI

/// Knows four tokens, each named after what it may do; all but `other` are of one project.
struct NetworkTokens: TokenVerifier {
    static let project = ProjectID("ac9d253dec2249738048a9cf53c384e5")

    func caller(
        token: String, requestID: APIRequestID
    ) async throws(DomainError) -> Caller {
        let roles: [String: Role] = [
            "admin": .admin, "member": .member, "reader": .reader, "other": .member,
        ]
        guard let role = roles[token] else {
            throw .unauthenticated("The request you have made requires authentication.")
        }
        let project = token == "other" ? ProjectID(String(repeating: "0", count: 32)) : Self.project
        return Caller(
            userID: .init(token), userName: token, projectID: project, projectName: token,
            role: role, requestID: requestID)
    }
}

/// The network service behind a real router, on an empty store.
struct NetworkAPITestbed {
    let context: NetworkingContext
    let application: Application<RouterResponder<APIContext>>

    init(
        limits: RequestLimits = RequestLimits(),
        _ change: (inout NetworkingSettings) -> Void = { _ in }
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = NetworkingSettings()
        change(&settings)
        var compute = ConductorSettings()
        // However slow the machine is, no host falls silent unless a test lets it.
        compute.hostDownAfter = .seconds(86_400)
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.conductor, logger: logger)
        context = NetworkingContext(documents: documents, settings: settings, logger: logger)
        let hosts = context.with(compute)
        let liveness = HostLiveness(
            clock: ContinuousClock(), hostDownAfter: compute.hostDownAfter)
        let service = NetworkService(
            context: context, hosts: Hosts(hosts, liveness: liveness),
            aggregates: Aggregates(hosts),
            addresses: ServiceAddresses(publicURL: "http://cloud.example.com"))
        let router = Pipeline(verifier: NetworkTokens(), limits: limits)
            .router([service.service()])
        application = Application(router: router, logger: logger)
    }

    /// A conversation with the service.
    func talk(
        _ body: @escaping @Sendable (NetworkAPIClient) async throws -> Void
    ) async throws {
        try await application.test(.router) { client in
            try await body(NetworkAPIClient(client: client))
        }
    }
}

/// An answer with its body as JSON.
struct NetworkAPIAnswer {
    var status: Int
    var headers: HTTPFields
    var json: JSONValue

    /// `type` of the error.
    var errorType: String? { self["NeutronError", "type"]?.text }

    /// What is under a path of keys.
    subscript(_ path: String...) -> JSONValue? {
        path.reduce(JSONValue?.some(json)) { $0?[$1] }
    }
}

/// Sends requests as one of the known tokens.
struct NetworkAPIClient: Sendable {
    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        as token: String? = "member"
    ) async throws -> NetworkAPIAnswer {
        var headers: HTTPFields = [.contentType: "application/json"]
        let name = try #require(HTTPField.Name("X-Auth-Token"))
        if let token { headers[name] = token }
        let bytes = body.map { ByteBuffer(bytes: JSONWriter.encode($0)) }
        return try await client.execute(
            uri: "/network" + path, method: method, headers: headers, body: bytes
        ) { response in
            let bytes = Array(response.body.readableBytesView)
            return NetworkAPIAnswer(
                status: Int(response.status.code), headers: response.headers,
                json: bytes.isEmpty ? .null : try JSONValue(parsing: bytes))
        }
    }

    func get(_ path: String, as token: String? = "member") async throws -> NetworkAPIAnswer {
        try await send(.get, "/v2.0/" + path, as: token)
    }

    func post(
        _ path: String, _ body: JSONValue, as token: String? = "member"
    ) async throws -> NetworkAPIAnswer {
        try await send(.post, "/v2.0/" + path, body, as: token)
    }

    func put(
        _ path: String, _ body: JSONValue?, as token: String? = "member"
    ) async throws -> NetworkAPIAnswer {
        try await send(.put, "/v2.0/" + path, body, as: token)
    }

    /// A network with the subnet 10.1.0.0/24; its id and the subnet's.
    func makeNetwork(
        _ attributes: JSONValue = ["name": "net"], as token: String = "member"
    ) async throws -> (network: String, subnet: String) {
        let network = try await post("networks", ["network": attributes], as: token)
        let id = try #require(network["network", "id"]?.text)
        let subnet = try await post(
            "subnets",
            ["subnet": ["network_id": .string(id), "cidr": "10.1.0.0/24", "ip_version": 4]],
            as: token)
        return (id, try #require(subnet["subnet", "id"]?.text))
    }

    /// A port's view.
    func makePort(
        _ attributes: JSONValue, as token: String = "member"
    ) async throws -> JSONValue {
        let answer = try await post("ports", ["port": attributes], as: token)
        #expect(answer.status == 201)
        return try #require(answer["port"])
    }
}

extension JSONValue {
    /// The text of a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The entries of a list.
    var entries: [JSONValue] {
        guard case .array(let entries) = self else { return [] }
        return entries
    }

    /// The value with all members in the order of their keys, which is lost on the way.
    var inOrder: JSONValue {
        switch self {
        case .array(let entries): .array(entries.map(\.inOrder))
        case .object(let members):
            .object(
                members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value.inOrder) })
        default: self
        }
    }

    /// The keys of an object.
    var keys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }
}
