import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// A conversation with one cloud, with a token of its user.
struct CloudSession: Sendable {
    /// Longest answer that is read: some 100,000 devices.
    static let responseBytesMax = 64 << 20
    static let connectTimeout: TimeAmount = .seconds(10)
    static let requestTimeout: TimeAmount = .seconds(60)

    private let client: HTTPClient
    private let cloud: Cloud
    private let token: String

    /// Logs in, runs `body`, and closes all connections.
    static func with<Result: Sendable>(
        _ cloud: Cloud, _ body: (CloudSession) async throws -> Result
    ) async throws -> Result {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: try configuration(cloud))
        do {
            let session = try await CloudSession(client, cloud)
            let result = try await body(session)
            try await client.shutdown()
            return result
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    /// Reads what is at `path`, such as `/v1/hosts`.
    func get(_ path: String, query: [(String, String?)] = []) async throws -> JSONValue {
        try await send(.GET, path + Self.text(query), body: nil)
    }

    /// Changes what is at `path`.
    func put(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        try await send(.PUT, path, body: body)
    }

    /// Makes something at `path`.
    func post(_ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        try await send(.POST, path, body: body)
    }

    private init(_ client: HTTPClient, _ cloud: Cloud) async throws {
        self.client = client
        self.cloud = cloud
        let exchange = HTTPExchange(client: client)
        let answer = try await exchange.send(
            .POST, cloud.identityURL + "/v3/auth/tokens?nocatalog", token: nil,
            body: TokenBody.json(cloud))
        guard answer.status != .unauthorized else {
            throw CommandFailure.refused(
                "the identity service at \(cloud.identityURL) refused user '\(cloud.userName)':"
                    + " check the password and project of \(cloud.source)")
        }
        _ = try answer.json(doing: "logging in at \(cloud.identityURL)")
        guard let token = answer.token else {
            throw CommandFailure.refused(
                "\(cloud.identityURL) answered without a token: check 'auth_url' of"
                    + " \(cloud.source)")
        }
        self.token = token
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: JSONValue?
    ) async throws -> JSONValue {
        let answer = try await HTTPExchange(client: client).send(
            method, cloud.baseURL + path, token: token, body: body)
        return try answer.json(doing: "\(method.rawValue) \(path) at \(cloud.baseURL)")
    }

    private static func configuration(
        _ cloud: Cloud
    ) throws(CommandFailure) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if !cloud.verifiesCertificates { tls.certificateVerification = .none }
        if let file = cloud.certificateFile {
            guard FileManager.default.isReadableFile(atPath: file) else {
                throw .usage("\(file), 'cacert' of \(cloud.source), can't be read: check the path")
            }
            tls.trustRoots = .file(file)
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: connectTimeout, read: requestTimeout))
        // A refused connection is told at once, not after the time for connecting is over.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// A name as one part of a path.
    static func escaped(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics.intersection(
            CharacterSet(charactersIn: Unicode.Scalar(0)..<Unicode.Scalar(128)))
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    private static func text(_ query: [(String, String?)]) -> String {
        let items = query.compactMap { name, value in value.map { "\(name)=\(escaped($0))" } }
        return items.isEmpty ? "" : "?" + items.joined(separator: "&")
    }
}

/// The body that asks the identity service for a token.
enum TokenBody {
    static func json(_ cloud: Cloud) -> JSONValue {
        var auth: [JSONValue.Member] = [
            .init(
                "identity",
                [
                    "methods": ["password"],
                    "password": [
                        "user": [
                            "name": .string(cloud.userName), "domain": domain(cloud.userDomain),
                            "password": .string(cloud.password),
                        ]
                    ],
                ])
        ]
        switch cloud.project {
        case .id(let id): auth.append(.init("scope", ["project": ["id": .string(id)]]))
        case .name(let name, let domain):
            auth.append(
                .init(
                    "scope",
                    [
                        "project": ["name": .string(name), "domain": Self.domain(domain)]
                    ]))
        case nil: break
        }
        return ["auth": .object(auth)]
    }

    private static func domain(_ domain: CloudDomain) -> JSONValue {
        switch domain {
        case .id(let id): ["id": .string(id)]
        case .name(let name): ["name": .string(name)]
        }
    }
}
