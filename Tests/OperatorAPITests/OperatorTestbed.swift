import ComputeModel
import Conductor
import ControlPlaneState
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ImageStore
import JSON
import Logging
import NIOCore
import Networking
import OperatorAPI
import Persistence
import RequestPipeline
import Synchronization
import Testing

/// The operators' API behind a real router, over documents put in by hand.
struct OperatorTestbed {
    let conductor: Conductor
    let service: OperatorService

    init(
        joinTokens: (any JoinTokenIssuer)? = nil, simulation: (any SimulationControl)? = nil
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.conductor, logger: logger)
        try await FleetDocuments.put(into: documents)
        var settings = ConductorSettings()
        // However slow the machine is, no host falls silent unless a test lets it.
        settings.hostDownAfter = .seconds(86_400)
        let context = ConductorContext(
            documents: documents, settings: settings, logger: logger)
        conductor = try await Conductor(
            context, ports: Ports(context.with(NetworkingSettings())),
            images: Images(
                context: context.with(
                    ImageStoreSettings(directory: URL(fileURLWithPath: "/nonexistent")))))
        service = OperatorService(
            conductor: conductor, joinTokens: joinTokens, simulation: simulation)
    }

    /// A conversation; requests carry an administrator's token unless they say otherwise.
    func talk(_ body: @escaping @Sendable (OperatorClient) async throws -> Void) async throws {
        let router = Pipeline(verifier: RoleVerifier(), limits: RequestLimits())
            .router([service.service])
        let application = Application(router: router, logger: conductor.context.logger)
        try await application.test(.router) { client in
            try await body(OperatorClient(client: client))
        }
    }
}

/// Takes a role's name for a token.
struct RoleVerifier: TokenVerifier {
    func caller(
        token: String, requestID: APIRequestID
    ) async throws(DomainError) -> Caller {
        guard let role = Role(rawValue: token) else { throw .unauthenticated("unknown token") }
        return Caller(
            userID: UserID("u"), userName: "u", projectID: ProjectID("p"), projectName: "p",
            role: role, requestID: requestID)
    }
}

extension JSONValue {
    /// Members sorted by key: parsing doesn't keep their order, and comparing needs one.
    var inKeyOrder: JSONValue {
        switch self {
        case .array(let values): .array(values.map(\.inKeyOrder))
        case .object(let members):
            .object(
                members.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.inKeyOrder) })
        default: self
        }
    }
}

struct OperatorAnswer: Sendable {
    var status: Int
    var json: JSONValue

    /// The member at the end of `path`; numbers are places in lists.
    func at(_ path: String) -> JSONValue? {
        var value: JSONValue? = json
        for key in path.split(separator: ".") {
            if let place = Int(key), case .array(let items)? = value {
                value = items.indices.contains(place) ? items[place] : nil
            } else {
                value = value?[String(key)]
            }
        }
        return value
    }

    /// The members `key` of the items of the list `list`.
    func column(_ list: String, _ key: String) -> [JSONValue?] {
        guard case .array(let items)? = json[list] else { return [] }
        return items.map { $0[key] }
    }

    var message: String {
        guard case .string(let text)? = at("error.message") else { return "" }
        return text
    }
}

struct OperatorClient: Sendable {
    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method, _ uri: String, _ body: JSONValue? = nil,
        token: String? = "admin"
    ) async throws -> OperatorAnswer {
        var headers: HTTPFields = [:]
        if let token { headers[try #require(HTTPField.Name("X-Auth-Token"))] = token }
        let sent = body.map { ByteBuffer(bytes: JSONWriter.encode($0)) }
        return try await client.execute(
            uri: uri, method: method, headers: headers, body: sent
        ) { response in
            OperatorAnswer(
                status: response.status.code,
                json: try JSONValue(parsing: Array(response.body.readableBytesView)).inKeyOrder)
        }
    }
}

/// Hosts whose agents run or not, and nothing behind them.
final class FakeSimulation: SimulationControl {
    private let running: Mutex<[String: Bool]>

    init(_ running: [String: Bool]) { self.running = Mutex(running) }

    func hosts() async -> [SimulatedHostStatus] {
        running.withLock { $0 }.sorted { $0.key < $1.key }
            .map { SimulatedHostStatus(name: $0.key, isAgentRunning: $0.value) }
    }

    func startAgent(_ hostName: String) async throws {
        running.withLock { $0[hostName] = true }
    }

    func stopAgent(_ hostName: String) async throws {
        running.withLock { $0[hostName] = false }
    }
}

/// Makes tokens that say for whom they are.
struct FakeTokenIssuer: JoinTokenIssuer {
    func issue(hostName: String) async throws -> (token: String, expiresAt: Date) {
        guard !hostName.contains("_") else {
            throw DomainError.invalid(.host, field: "name", "no underscores in host names")
        }
        return ("token-for-\(hostName)", FleetDocuments.time)
    }
}
