import ComputeModel
import Identity
import Conductor
import HTTPTypes
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// What the `openstack` client asks of the identity service, compared by keys and states with
/// what a real one answers.
@Suite struct IdentityConversationTests {
    private let projectKeys: Set<String> = [
        "id", "name", "domain_id", "description", "enabled", "parent_id", "is_domain", "tags",
        "options", "links",
    ]
    private let userKeys: Set<String> = [
        "id", "name", "domain_id", "enabled", "password_expires_at", "options", "links",
    ]

    @Test func discovery() async throws {
        try await IdentityAPITestbed().talk { client in
            let root = try await client.send(.get, "/identity")
            #expect(root.status == 300)
            #expect(root.header("Location") == "http://cloud.example.com/identity/v3/")
            let keys: Set<String> = ["id", "status", "updated", "links", "media-types"]
            #expect(root.keys("versions", "values", "0") == keys)
            for path in ["/identity/v3", "/identity/v3/"] {
                let version = try await client.send(.get, path)
                #expect(version.status == 200)
                #expect(version.keys("version") == keys)
                let link = "http://cloud.example.com/identity/v3/"
                #expect(version.text("version", "links", "0", "href") == link)
            }
        }
    }

    @Test func tokenIssue() async throws {
        try await IdentityAPITestbed().talk { client in
            let body = IdentityAPIClient.passwordBody(
                "admin", IdentityAPITestbed.password, project: "admin")
            let answer = try await client.send(.post, "/identity/v3/auth/tokens", body)
            #expect(answer.status == 201)
            #expect(answer.header("X-Subject-Token")?.split(separator: ".").count == 3)
            #expect(answer.header("Vary") == "X-Auth-Token")
            #expect(
                answer.keys("token") == [
                    "methods", "user", "audit_ids", "expires_at", "issued_at", "project",
                    "is_domain", "roles", "catalog",
                ])
            #expect(
                answer.keys("token", "user") == ["domain", "id", "name", "password_expires_at"])
            #expect(answer.keys("token", "project") == ["domain", "id", "name"])
            #expect(answer.keys("token", "roles", "0") == ["id", "name"])
            #expect(answer.text("token", "expires_at")?.hasSuffix(".000000Z") == true)
            #expect(answer.text("token", "expires_at")?.count == 27)
            #expect(answer.keys("token", "catalog", "0") == ["endpoints", "id", "type", "name"])
            #expect(
                answer.keys("token", "catalog", "0", "endpoints", "0") == [
                    "id", "interface", "region_id", "url", "region",
                ])
            let catalog = try #require(answer.json["token"]?["catalog"])
            #expect(
                Self.publicURLs(catalog) == [
                    "compute": "http://cloud.example.com/compute/v2.1",
                    "network": "http://cloud.example.com/network",
                    "image": "http://cloud.example.com/image",
                    "identity": "http://cloud.example.com/identity/v3",
                ])
        }
    }

    private static func publicURLs(_ catalog: JSONValue) -> [String: String] {
        guard case .array(let services) = catalog else { return [:] }
        var found: [String: String] = [:]
        for service in services {
            guard case .string(let type) = service["type"],
                case .array(let endpoints) = service["endpoints"], endpoints.count == 3,
                let shown = endpoints.first(where: { $0["interface"] == "public" }),
                case .string(let url) = shown["url"]
            else { continue }
            found[type] = url
        }
        return found
    }

    @Test func addressesComeFromTheRequestUnlessConfigured() async throws {
        try await IdentityAPITestbed(publicURL: nil).talk { client in
            let version = try await client.send(.get, "/identity/v3")
            #expect(
                version.text("version", "links", "0", "href") == "http://localhost/identity/v3/")
        }
    }

    @Test(arguments: [
        ("admin", "wrong", "admin"), ("nobody", "wrong", "admin"),
        ("admin", IdentityAPITestbed.password, "none"),
    ])
    func refusalsLookTheSame(_ name: String, _ password: String, _ project: String) async throws {
        try await IdentityAPITestbed().talk { client in
            let body = IdentityAPIClient.passwordBody(name, password, project: project)
            let answer = try await client.send(.post, "/identity/v3/auth/tokens", body)
            #expect(answer.status == 401)
            #expect(answer.keys("error") == ["code", "message", "title"])
            #expect(answer.json["error"]?["code"] == 401)
            #expect(answer.text("error", "title") == "Unauthorized")
            #expect(
                answer.text("error", "message")
                    == "The request you have made requires authentication.")
            let challenge = "Keystone uri=\"http://cloud.example.com/identity/v3\""
            #expect(answer.header("WWW-Authenticate") == challenge)
            #expect(answer.header("X-Subject-Token") == nil)
        }
    }

    @Test func tokensAreValidatedAndRevoked() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let path = "/identity/v3/auth/tokens"
            let subject = ["X-Subject-Token": token]
            let shown = try await client.send(.get, path, token: token, headers: subject)
            #expect(shown.status == 200)
            #expect(shown.header("X-Subject-Token") == token)
            #expect(shown.keys("token").contains("catalog"))
            let short = try await client.send(
                .get, path + "?nocatalog", token: token, headers: subject)
            #expect(!short.keys("token").contains("catalog"))
            let head = try await client.send(.head, path, token: token, headers: subject)
            #expect(head.status == 200)
            let missing = try await client.send(
                .get, path, token: token, headers: ["X-Subject-Token": "nonsense"])
            #expect(missing.status == 404)
            let deleted = try await client.send(.delete, path, token: token, headers: subject)
            #expect(deleted.status == 204)
            let after = try await client.send(.get, "/identity/v3/projects", token: token)
            #expect(after.status == 401)
        }
    }

    @Test func unscopedTokensReachOnlyWhatIsTheirs() async throws {
        let bed = try await IdentityAPITestbed()
        _ = try await bed.users.create(
            UserDraft(name: "lone", password: "p", defaultProjectID: nil, enabled: true))
        try await bed.talk { client in
            let token = try await client.login("lone", "p", project: nil)
            let shown = try await client.send(
                .get, "/identity/v3/auth/tokens", token: token,
                headers: ["X-Subject-Token": token])
            #expect(
                shown.keys("token") == [
                    "methods", "user", "audit_ids", "expires_at", "issued_at",
                ])
            let own = try await client.send(.get, "/identity/v3/auth/projects", token: token)
            #expect(own.status == 200)
            #expect(own.count("projects") == 0)
            for path in ["/identity/v3/projects", "/image/v2/images", "/identity/v3/users"] {
                #expect(try await client.send(.get, path, token: token).status == 403)
            }
        }
    }

    @Test func projectListAndShow() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let list = try await client.send(.get, "/identity/v3/projects", token: token)
            #expect(list.keys() == ["projects", "links"])
            #expect(list.keys("links") == ["next", "self", "previous"])
            #expect(list.keys("projects", "0") == projectKeys)
            let byName = try await client.send(
                .get, "/identity/v3/projects/admin", token: token)
            #expect(byName.status == 404)
            #expect(
                byName.text("error", "message") == "Could not find project: admin.")
            let found = try await client.send(
                .get, "/identity/v3/projects?name=admin", token: token)
            #expect(
                found.text("links", "self")
                    == "http://cloud.example.com/identity/v3/projects?name=admin")
            let id = try #require(found.text("projects", "0", "id"))
            let shown = try await client.send(
                .get, "/identity/v3/projects/\(id)", token: token)
            #expect(shown.keys("project") == projectKeys)
            let none = try await client.send(
                .get, "/identity/v3/projects?name=other", token: token)
            #expect(none.count("projects") == 0)
        }
    }

    /// `project create`, `user create`, `role add`, a login, a new password, and back.
    @Test func peopleAreManaged() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let base = "/identity/v3"
            let project = try await client.send(
                .post, base + "/projects", token: token,
                ["project": ["name": "demo", "enabled": true, "domain_id": "default"]])
            #expect(project.status == 201)
            let projectID = try #require(project.text("project", "id"))
            let user = try await client.send(
                .post, base + "/users", token: token,
                ["user": ["name": "dora", "enabled": true, "password": "first"]])
            #expect(user.status == 201)
            #expect(user.keys("user") == userKeys)
            let userID = try #require(user.text("user", "id"))
            #expect(try await client.send(.get, base + "/roles/member", token: token).status == 404)
            let roles = try await client.send(.get, base + "/roles?name=member", token: token)
            let roleID = try #require(roles.text("roles", "0", "id"))
            let grant = "\(base)/projects/\(projectID)/users/\(userID)/roles/\(roleID)"
            #expect(try await client.send(.head, grant, token: token).status == 404)
            #expect(try await client.send(.put, grant, token: token).status == 204)
            #expect(try await client.send(.head, grant, token: token).status == 204)
            let assigned = try await client.send(
                .get, "\(base)/role_assignments?user.id=\(userID)&include_names=True", token: token)
            #expect(assigned.text("role_assignments", "0", "role", "name") == "member")

            let own = try await client.login("dora", "first", project: "demo")
            #expect(try await client.send(.get, base + "/users", token: own).status == 403)
            let change = try await client.send(
                .post, "\(base)/users/\(userID)/password", token: own,
                ["user": ["password": "second", "original_password": "first"]])
            #expect(change.status == 204)
            #expect(try await client.send(.get, base + "/projects", token: own).status == 401)
            _ = try await client.login("dora", "second", project: "demo")

            #expect(try await client.send(.delete, grant, token: token).status == 204)
            for path in ["users/\(userID)", "projects/\(projectID)"] {
                let uri = "\(base)/\(path)"
                #expect(try await client.send(.delete, uri, token: token).status == 204)
                #expect(try await client.send(.get, uri, token: token).status == 404)
            }
        }
    }

    @Test func endpointsAndServicesAreListed() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let list = try await client.send(.get, "/identity/v3/endpoints", token: token)
            #expect(list.count("endpoints") == 12)
            #expect(
                list.keys("endpoints", "0") == [
                    "id", "interface", "region_id", "service_id", "url", "enabled", "region",
                    "links",
                ])
            let id = try #require(list.text("endpoints", "0", "service_id"))
            let service = try await client.send(
                .get, "/identity/v3/services/\(id)", token: token)
            #expect(service.keys("service") == ["name", "id", "type", "enabled", "links"])
            let catalog = try await client.send(.get, "/identity/v3/auth/catalog", token: token)
            #expect(catalog.count("catalog") == 4)
            for path in ["domains", "regions", "groups", "users"] {
                let answer = try await client.send(.get, "/identity/v3/\(path)", token: token)
                #expect(answer.count(path) >= 0)
            }
        }
    }

    private static let broken: [(JSONValue, Int)] = [
        ([:], 400), (["auth": [:]], 400), (["auth": ["identity": [:]]], 400),
        (["auth": ["identity": ["methods": ["oauth1"]]]], 401),
        (["auth": ["identity": ["methods": ["password"]]]], 400),
        (["auth": ["identity": ["methods": ["token"], "token": ["id": "x"]]]], 401),
        (["auth": ["identity": ["methods": ["password"], "password": ["user": [:]]]]], 400),
        ([1, 2], 400), ("text", 400),
    ]

    @Test(arguments: broken)
    func brokenRequestsAreRefused(_ body: JSONValue, _ status: Int) async throws {
        try await IdentityAPITestbed().talk { client in
            let answer = try await client.send(.post, "/identity/v3/auth/tokens", body)
            #expect(answer.status == status)
            #expect(answer.keys("error") == ["code", "message", "title"])
        }
    }

    @Test func whatIsNotKeptIsNotTaken() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let user = try await client.send(
                .post, "/identity/v3/users", token: token,
                ["user": ["name": "x", "email": "x@example.com"]])
            #expect(user.status == 400)
            let project = try await client.send(
                .post, "/identity/v3/projects", token: token,
                ["project": ["name": "x", "tags": [], "options": [:], "descripton": "typo"]])
            #expect(project.status == 400)
            #expect(project.text("error", "message")?.contains("description") == true)
        }
    }
}
