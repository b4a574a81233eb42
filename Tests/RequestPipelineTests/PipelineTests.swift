import ComputeModel
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSON
import Logging
import NIOCore
import RequestPipeline
import Testing

/// Takes a role's name for a token; `broken` fails like a store that is away.
struct RoleTokens: TokenVerifier {
    func caller(token: String, requestID: APIRequestID) async throws(DomainError) -> Caller {
        if token == "broken" { throw .unavailable("The token can't be checked now.") }
        guard let role = Role(rawValue: token) else { throw .unauthenticated("unknown token") }
        return Caller(
            userID: UserID("u"), userName: "u", projectID: ProjectID("p"), projectName: "p",
            role: role, requestID: requestID)
    }
}

/// Says the name of the error, under the service's own key.
struct NamedFaults: FaultStyle {
    let service: String

    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        let status: HTTPResponse.Status =
            switch error {
            case .notFound: .notFound
            case .invalid: .badRequest
            case .forbidden: .forbidden
            case .unauthenticated: .unauthorized
            case .tooLarge: .contentTooLarge
            case .unavailable: .serviceUnavailable
            default: .internalServerError
            }
        return .json(status, .object([.init(service, .string("\(error)"))]))
    }
}

struct Surprise: Error {}

/// A store's error, which may pass.
struct Full: PassingFailure {
    let callersMessage: String?
}

@Suite struct PipelineTests {
    private static let table: [Route] = [
        Route(.get, "/open", .anyone) { _ in .ok(["ok": true]) },
        Route(.get, "/read", .role(.reader)) { request in
            .ok(["role": .string(try request.caller.role.rawValue)])
        },
        Route(.post, "/write", .role(.member)) { request in .ok(try await request.json()) },
        Route(.put, "/rule", .role(.admin)) { _ in APIResponse(.noContent) },
        Route(.get, "/things/{id}", .anyone) { .ok(["id": .string($0.parameter("id"))]) },
        Route(.get, "/nobody", .anyone) { .ok(["id": .string(try $0.caller.userName)]) },
        Route(.get, "/surprise", .anyone) { _ in throw Surprise() },
        Route(.get, "/full", .anyone) { _ in throw Full(callersMessage: "No space is left.") },
        Route(.get, "/broken", .anyone) { _ in throw Full(callersMessage: nil) },
        Route(.get, "/cancelled", .anyone) { _ in throw CancellationError() },
        Route(.get, "/missing", .anyone) { _ in throw DomainError.notFound(.port, "x") },
    ]

    struct Answer: Sendable {
        var status: Int
        var requestID: String?
        var json: JSONValue
    }

    private static func send(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, body: String? = nil
    ) async throws -> Answer {
        let pipeline = Pipeline(
            verifier: RoleTokens(), limits: RequestLimits(bodyBytesMax: 64))
        let router = pipeline.router([
            APIService(root: "/alpha", routes: table, faults: NamedFaults(service: "alpha")),
            APIService(root: "/beta", routes: [], faults: NamedFaults(service: "beta")),
        ])
        let application = Application(
            router: router, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var headers: HTTPFields = [.contentType: "application/json"]
        if let token { headers[try #require(HTTPField.Name("X-Auth-Token"))] = token }
        let fields = headers
        let name = try #require(HTTPField.Name("x-openstack-request-id"))
        return try await application.test(.router) { client in
            try await client.execute(
                uri: path, method: method, headers: fields,
                body: body.map { ByteBuffer(string: $0) }
            ) { response in
                let bytes = Array(response.body.readableBytesView)
                return Answer(
                    status: response.status.code, requestID: response.headers[name],
                    json: bytes.isEmpty ? .null : try JSONValue(parsing: bytes))
            }
        }
    }

    @Test(arguments: [
        ("GET", "/alpha/open", nil, 200), ("GET", "/alpha/read", nil, 401),
        ("GET", "/alpha/read", "", 401), ("GET", "/alpha/read", "forged", 401),
        ("GET", "/alpha/read", "broken", 503), ("GET", "/alpha/read", "reader", 200),
        ("GET", "/alpha/read", "admin", 200), ("POST", "/alpha/write", "reader", 403),
        ("POST", "/alpha/write", nil, 401), ("PUT", "/alpha/rule", "member", 403),
        ("PUT", "/alpha/rule", "admin", 204), ("GET", "/alpha/nobody", "admin", 401),
        ("GET", "/alpha/missing", nil, 404), ("GET", "/alpha/surprise", nil, 500),
        ("GET", "/alpha/cancelled", nil, 503), ("GET", "/alpha/full", nil, 503),
        ("GET", "/alpha/broken", nil, 500), ("GET", "/alpha/none", "admin", 404),
        ("GET", "/beta/none", nil, 404), ("GET", "/gamma", nil, 404), ("GET", "/", nil, 404),
    ])
    func statuses(method: String, path: String, token: String?, status: Int) async throws {
        let method = try #require(HTTPRequest.Method(method))
        let answer = try await Self.send(method, path, token: token)
        #expect(answer.status == status)
        let id = try #require(answer.requestID)
        #expect(id.hasPrefix("req-"))
        #expect(id.count == 40)
    }

    /// A method that the path doesn't have is the client's error, whatever the service calls it.
    @Test(arguments: ["DELETE", "POST", "PATCH"])
    func aMethodThatThePathDoesNotHave(method: String) async throws {
        let method = try #require(HTTPRequest.Method(method))
        let answer = try await Self.send(method, "/alpha/read", token: "admin")
        #expect(answer.status == 404 || answer.status == 405)
        #expect(answer.requestID != nil)
    }

    @Test func faultsAreInTheFormOfTheServiceWhosePathItIs() async throws {
        #expect(try await Self.send(.get, "/alpha/none").json["alpha"] != nil)
        #expect(try await Self.send(.get, "/beta/none").json["beta"] != nil)
        #expect(try await Self.send(.get, "/gamma").json["error"]?["code"] == 404)
    }

    @Test func aDefectShowsTheRequestIDAndNotItsCause() async throws {
        let answer = try await Self.send(.get, "/alpha/surprise")
        let id = try #require(answer.requestID)
        #expect(
            answer.json["alpha"]
                == .string("Unexpected API Error. The log has the cause under \(id)."))
    }

    @Test func whatWillPassIsToldWithoutItsPaths() async throws {
        let answer = try await Self.send(.get, "/alpha/full")
        #expect(answer.json["alpha"] == "No space is left.")
    }

    @Test func everyRequestHasItsOwnID() async throws {
        var ids: Set<String> = []
        for _ in 0..<5 {
            ids.insert(try #require(try await Self.send(.get, "/alpha/open").requestID))
        }
        #expect(ids.count == 5)
    }

    @Test(arguments: [
        ("{\"a\": 1}", 200), ("", 400), ("{", 400), ("\u{1}", 400),
        ("\"" + String(repeating: "x", count: 62) + "\"", 200),
        ("\"" + String(repeating: "x", count: 63) + "\"", 413),
        (String(repeating: "[", count: 100_000), 413),
    ])
    func bodiesAreJSONAndBounded(body: String, status: Int) async throws {
        let answer = try await Self.send(.post, "/alpha/write", token: "member", body: body)
        #expect(answer.status == status)
    }

    @Test(arguments: [
        ("{\"a\" 1}", "it is not valid JSON (column 6: found '1', expected ':')."),
        (
            "[1,\n2,]",
            "it is not valid JSON (line 2, column 3: found ']', expected a value: an object,"
        ),
        ("{\"a\":1,\"a\":2}", "it is not valid JSON (column 8: the key 'a' is there twice)."),
        (
            String(repeating: "[", count: 33),
            "it has more than is read (column 33: lists and objects lie deeper than the limit"
        ),
    ])
    func aBodyThatIsNoJSONIsToldWhereAndWhy(body: String, why: String) async throws {
        let answer = try await Self.send(.post, "/alpha/write", token: "member", body: body)
        #expect(answer.status == 400)
        let message = answer.json["alpha"]?.text ?? ""
        #expect(message.hasPrefix("Malformed request body: " + why), "\(message)")
    }

    @Test(arguments: [("plain", "plain"), ("a%20b", "a b"), ("%C3%A9", "é"), ("a%2Fb", "a/b")])
    func parametersOfThePathAreDecoded(raw: String, value: String) async throws {
        let answer = try await Self.send(.get, "/alpha/things/\(raw)")
        #expect(answer.json["id"] == .string(value))
    }

    /// Two lines for one route would leave it to chance which one answers.
    @Test func aRouteThatIsThereTwiceEndsTheProgramAtItsStart() async {
        await #expect(processExitsWith: .failure) {
            let route = Route(.get, "/same", .anyone) { _ in APIResponse(.ok) }
            let service = APIService(
                root: "/twice", routes: [route, route], faults: NamedFaults(service: "twice"))
            _ = Pipeline(verifier: RoleTokens(), limits: RequestLimits()).router([service])
        }
    }
}
