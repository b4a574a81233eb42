import ComputeModel
import ControlPlaneState
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
@testable import Identity
@testable import ImageStore
@testable import OpenStackAPI

/// Identity and image services behind a real router, on an empty store with an administrator.
struct IdentityAPITestbed {
    static let password = "the administrator's"
    let directory: URL
    let context: IdentityContext
    let tokens: Tokens
    let users: Users
    let projects: Projects
    let images: Images
    let application: Application<RouterResponder<APIContext>>

    init(publicURL: String? = "http://cloud.example.com") async throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("api-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            MemoryStateStore(),
            types: StoredTypes.identity + StoredTypes.shared + StoredTypes.imageStore,
            logger: logger)
        context = IdentityContext(
            documents: documents,
            settings: IdentitySettings(),
            logger: logger)
        let hasher = try PasswordHasher(cost: PasswordCost(roundsLog2: 4))
        tokens = Tokens(context: context, passwords: hasher)
        users = Users(tokens: tokens)
        projects = Projects(context: context)
        images = Images(
            context: context.with(
                ImageStoreSettings(directory: directory.appendingPathComponent("i"))))
        try await images.prepare()
        let bootstrap = Bootstrap(
            tokens: tokens, stateDirectory: directory, makePassword: { Self.password })
        _ = try await bootstrap.run(authURL: "http://cloud.example.com/identity/v3")
        let addresses = ServiceAddresses(publicURL: publicURL)
        let identity = IdentityService(
            tokens: tokens, users: users, projects: projects, addresses: addresses)
        let image = ImageService(images: images, addresses: addresses)
        let router = Pipeline(verifier: tokens, limits: RequestLimits()).router([
            identity.service(), image.service(),
        ])
        application = Application(router: router, logger: logger)
    }

    /// A conversation with the services, through the router or over a real connection.
    func talk(
        _ setup: TestingSetup = .router,
        _ body: @escaping @Sendable (IdentityAPIClient) async throws -> Void
    ) async throws {
        try await application.test(setup) { client in
            try await body(IdentityAPIClient(client: client))
        }
        try FileManager.default.removeItem(at: directory)
    }
}

/// An answer with its body as JSON, if it is.
struct IdentityAPIAnswer {
    var status: Int
    var headers: HTTPFields
    var bytes: [UInt8]
    var json: JSONValue

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The keys of the object under `path`.
    func keys(_ path: String...) -> Set<String> {
        var value: JSONValue? = json
        for name in path {
            if let index = Int(name), case .array(let items) = value {
                value = items.indices.contains(index) ? items[index] : nil
            } else {
                value = value?[name]
            }
        }
        guard case .object(let members) = value else { return [] }
        return Set(members.map(\.key))
    }

    func text(_ path: String...) -> String? {
        var value: JSONValue? = json
        for name in path {
            if let index = Int(name), case .array(let items) = value {
                value = items.indices.contains(index) ? items[index] : nil
            } else {
                value = value?[name]
            }
        }
        guard case .string(let text) = value else { return nil }
        return text
    }

    func count(_ key: String) -> Int {
        guard case .array(let items) = json[key] else { return -1 }
        return items.count
    }
}

/// Speaks as clients do.
struct IdentityAPIClient: Sendable {
    let client: any TestClientProtocol

    func send(
        _ method: HTTPRequest.Method, _ uri: String, token: String? = nil,
        _ body: JSONValue? = nil, headers more: [String: String] = [:], bytes: [UInt8]? = nil
    ) async throws -> IdentityAPIAnswer {
        var headers: HTTPFields = [:]
        for (name, value) in more { headers[try #require(HTTPField.Name(name))] = value }
        if let token { headers[try #require(HTTPField.Name("X-Auth-Token"))] = token }
        if body != nil, headers[.contentType] == nil {
            headers[.contentType] = "application/json"
        }
        let sent =
            body.map { ByteBuffer(bytes: JSONWriter.encode($0)) }
            ?? bytes.map { ByteBuffer(bytes: $0) }
        return try await client.execute(
            uri: uri, method: method, headers: headers, body: sent
        ) { response in
            let bytes = Array(response.body.readableBytesView)
            let isJSON = response.headers[.contentType]?.hasPrefix("application/json") == true
            return IdentityAPIAnswer(
                status: response.status.code, headers: response.headers, bytes: bytes,
                json: isJSON ? try JSONValue(parsing: bytes) : .null)
        }
    }

    /// The request the `openstack` client begins with.
    static func passwordBody(
        _ name: String, _ password: String, project: String?
    ) -> JSONValue {
        let identity: JSONValue = [
            "methods": ["password"],
            "password": [
                "user": [
                    "password": .string(password), "name": .string(name),
                    "domain": ["id": "default"],
                ]
            ],
        ]
        guard let project else { return ["auth": ["identity": identity]] }
        let scope: JSONValue = [
            "project": ["name": .string(project), "domain": ["id": "default"]]
        ]
        return ["auth": ["identity": identity, "scope": scope]]
    }

    /// A token for a project.
    func login(
        _ name: String = "admin", _ password: String = IdentityAPITestbed.password,
        project: String? = "admin"
    ) async throws -> String {
        let answer = try await send(
            .post, "/identity/v3/auth/tokens", Self.passwordBody(name, password, project: project))
        #expect(answer.status == 201)
        return try #require(answer.header("X-Subject-Token"))
    }
}
