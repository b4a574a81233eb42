import ComputeModel
import Conductor
import Identity
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

@Suite struct IdentityRequestTests {
    private static func body(user: JSONValue, scope: JSONValue? = nil) -> JSONValue {
        let identity: JSONValue = ["methods": ["password"], "password": ["user": user]]
        guard let scope else { return ["auth": ["identity": identity]] }
        return ["auth": ["identity": identity, "scope": scope]]
    }

    private static let named: JSONValue = ["name": "n", "password": "p"]

    private static let users: [(JSONValue, UserReference?)] = [
        (["name": "n", "password": "p"], .name("n")),
        (["name": "n", "password": "p", "domain": ["name": "Default"]], .name("n")),
        (["name": "n", "password": "p", "domain": ["name": "default"]], .name("n")),
        (["id": "i", "password": "p"], .id(UserID("i"))),
        (["name": "n", "password": "p", "domain": ["id": "other"]], nil),
        (["name": "n", "password": "p", "domain": ["name": "Other"]], nil),
    ]

    @Test(arguments: users)
    func usersAreNamed(_ user: JSONValue, _ expected: UserReference?) throws {
        let request = try TokenRequest(Self.body(user: user))
        guard case .password(let found, let password) = request.credential else {
            Issue.record("no password")
            return
        }
        #expect(found == expected)
        #expect(password == "p")
    }

    private static let scopes: [(JSONValue?, TokenScope)] = [
        (nil, .unspecified), ("unscoped", .unscoped),
        (["unscoped": [:]], .unknown), ([:], .unspecified),
        (["project": ["id": "p"]], .projectID(ProjectID("p"))),
        (["project": ["name": "p", "domain": ["id": "default"]]], .projectName("p")),
        (["project": ["name": "p", "domain": ["id": "other"]]], .unknown),
        (["system": ["all": true]], .unknown), (["domain": ["id": "default"]], .unknown),
    ]

    @Test(arguments: scopes)
    func scopesAreRead(_ scope: JSONValue?, _ expected: TokenScope) throws {
        #expect(try TokenRequest(Self.body(user: Self.named, scope: scope)).scope == expected)
    }

    @Test(arguments: ["cloud.example.com", "[::1]:8774", "10.0.0.1:80"])
    func hostNamesAreBelieved(_ host: String) {
        #expect(Self.base(host) == "http://\(host)")
    }

    @Test(arguments: ["", "a b", "x/../y", "\"><script>", String(repeating: "a", count: 300)])
    func nonsenseIsNot(_ host: String) {
        #expect(Self.base(host) == "http://localhost")
    }

    private static func base(_ host: String) -> String {
        ServiceAddresses(publicURL: nil).base(host: host)
    }

    @Test func configuredAddressWins() {
        let addresses = ServiceAddresses(publicURL: "https://cloud.example.com//")
        #expect(addresses.base(host: "other") == "https://cloud.example.com")
    }
}
