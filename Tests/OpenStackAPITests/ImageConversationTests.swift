import ComputeModel
import Conductor
import HTTPTypes
import Identity
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// What the `openstack` client asks of the image service, compared by keys and states with what a
/// real one answers.
@Suite struct ImageConversationTests {
    private static let base = "/image/v2/images"
    private static let data = ["Content-Type": "application/octet-stream"]
    private static let patch = [
        "Content-Type": "application/openstack-images-v2.1-json-patch"
    ]
    private static let keys: Set<String> = [
        "name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status",
        "checksum", "protected", "min_ram", "min_disk", "owner", "os_hidden", "os_hash_algo",
        "os_hash_value", "id", "created_at", "updated_at", "tags", "self", "file", "schema",
    ]
    private static let ownerSpecified: Set<String> = [
        "owner_specified.openstack.md5", "owner_specified.openstack.sha256",
        "owner_specified.openstack.object",
    ]

    private static func draft(_ name: String, _ format: String = "raw") -> JSONValue {
        [
            "disk_format": .string(format), "visibility": "public", "name": .string(name),
            "container_format": "bare", "owner_specified.openstack.md5": "",
            "owner_specified.openstack.sha256": "",
            "owner_specified.openstack.object": .string("images/\(name)"),
        ]
    }

    @Test func discovery() async throws {
        try await IdentityAPITestbed().talk { client in
            for (path, status) in [("/image", 300), ("/image/", 300), ("/image/versions", 200)] {
                let answer = try await client.send(.get, path)
                #expect(answer.status == status)
                #expect(answer.count("versions") == 16)
                #expect(answer.text("versions", "0", "status") == "CURRENT")
                let link = "http://cloud.example.com/image/v2/"
                #expect(answer.text("versions", "0", "links", "0", "href") == link)
            }
        }
    }

    /// `image create --file`, `image show`, `image save`, `image set`, `image delete`, over a real
    /// connection.
    @Test func lifeOfAnImage() async throws {
        try await IdentityAPITestbed().talk(.live) { client in
            let token = try await client.login()
            let made = try await client.send(
                .post, Self.base, token: token, Self.draft("img1"))
            #expect(made.status == 201)
            #expect(made.keys() == Self.keys.union(Self.ownerSpecified))
            #expect(made.text("status") == "queued")
            let id = try #require(made.text("id"))
            let path = "\(Self.base)/\(id)"
            #expect(made.header("Location") == "http://cloud.example.com\(path)")
            let early = try await client.send(.get, path + "/file", token: token)
            #expect(early.status == 204)

            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let headers = Self.data.merging(
                ["X-OpenStack-Image-Size": "3000000"]) { $1 }
            let upload = try await client.send(
                .put, path + "/file", token: token, headers: headers, bytes: bytes)
            #expect(upload.status == 204)
            let shown = try await client.send(.get, path, token: token)
            #expect(shown.keys() == Self.keys.union(Self.ownerSpecified).union(["stores"]))
            #expect(shown.text("status") == "active")
            #expect(shown.json["size"] == 3_000_000)
            let saved = try await client.send(.get, path + "/file", token: token)
            #expect(saved.bytes == bytes)
            #expect(saved.header("Content-MD5") == shown.text("checksum"))
            #expect(saved.header("Content-Length") == "3000000")
            let again = try await client.send(
                .put, path + "/file", token: token, headers: Self.data, bytes: [1])
            #expect(again.status == 409)

            let changed = try await client.send(
                .patch, path, token: token,
                [
                    ["op": "add", "path": "/hw_disk_bus", "value": "virtio"],
                    ["op": "add", "path": "/tags", "value": ["t1"]],
                ], headers: Self.patch)
            #expect(changed.status == 200)
            #expect(changed.text("hw_disk_bus") == "virtio")
            #expect(changed.json["tags"] == ["t1"])
            #expect(try await client.send(.delete, path, token: token).status == 204)
            #expect(try await client.send(.get, path, token: token).status == 404)
        }
    }

    @Test func namesAreFoundByTheClientsWay() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            for name in ["img1", "img 2"] {
                _ = try await client.send(.post, Self.base, token: token, Self.draft(name))
            }
            let direct = try await client.send(.get, "\(Self.base)/img1", token: token)
            #expect(direct.status == 404)
            #expect(direct.header("Content-Type") == "text/html; charset=UTF-8")
            let page = String(decoding: direct.bytes, as: UTF8.self)
            #expect(page.contains("<title>404 Not Found</title>"))
            #expect(page.contains("No image found with ID img1<br /><br />"))
            let found = try await client.send(.get, "\(Self.base)?name=img%202", token: token)
            #expect(found.keys() == ["images", "first", "schema"])
            #expect(found.text("first") == "/v2/images?name=img%202")
            #expect(found.count("images") == 1)
            let all = try await client.send(.get, Self.base, token: token)
            #expect(all.text("first") == "/v2/images")
            #expect(all.count("images") == 2)
            let hidden = try await client.send(
                .get, "\(Self.base)?name=img1&os_hidden=True", token: token)
            #expect(hidden.count("images") == 0)
            let id = try #require(found.text("images", "0", "id"))
            let some = try await client.send(.get, "\(Self.base)?id=in:\(id),x", token: token)
            #expect(some.count("images") == 1)
        }
    }

    @Test func pagesAreLinked() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            for index in 0..<5 {
                _ = try await client.send(
                    .post, Self.base, token: token, Self.draft("img\(index)"))
            }
            var next: String? = "/v2/images?limit=2&sort=name:asc"
            var names: [String?] = []
            while let path = next {
                let page = try await client.send(.get, "/image" + path, token: token)
                for index in 0..<page.count("images") {
                    names.append(page.text("images", "\(index)", "name"))
                }
                next = page.text("next")
            }
            #expect(names == ["img0", "img1", "img2", "img3", "img4"])
            let lost = try await client.send(.get, "\(Self.base)?marker=none", token: token)
            #expect(lost.status == 400)
        }
    }

    @Test func refusedDataTellsWhy() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let made = try await client.send(
                .post, Self.base, token: token, Self.draft("img", "qcow2"))
            let path = "\(Self.base)/\(try #require(made.text("id")))"
            let upload = try await client.send(
                .put, path + "/file", token: token, headers: Self.data,
                bytes: [UInt8](repeating: 1, count: 10_000))
            #expect(upload.status == 400)
            let page = String(decoding: upload.bytes, as: UTF8.self)
            #expect(page.contains("declared as qcow2"))
            let shown = try await client.send(.get, path, token: token)
            #expect(shown.text("status") == "queued")
            #expect(shown.text("millrace:failure")?.contains("declared as qcow2") == true)
            let wrongSize = try await client.send(
                .put, path + "/file", token: token,
                headers: Self.data.merging(["X-OpenStack-Image-Size": "9"]) { $1 },
                bytes: [UInt8](repeating: 1, count: 10))
            #expect(wrongSize.status == 400)
        }
    }

    struct Refusal: Sendable {
        var body: JSONValue
        var status: Int
    }

    @Test(arguments: [
        Refusal(body: [["op": "replace", "path": "/status", "value": "active"]], status: 403),
        Refusal(body: [["op": "replace", "path": "/id", "value": "x"]], status: 403),
        Refusal(body: [["op": "remove", "path": "/name"]], status: 403),
        Refusal(body: [["op": "remove", "path": "/none"]], status: 409),
        Refusal(body: [["op": "replace", "path": "/none", "value": "x"]], status: 409),
        Refusal(body: [["op": "add", "path": "/os_glance_x", "value": "x"]], status: 403),
        Refusal(body: [["op": "add", "path": "/a/b", "value": "x"]], status: 400),
        Refusal(body: [["op": "add", "path": "a", "value": "x"]], status: 400),
        Refusal(body: [["op": "test", "path": "/name", "value": "x"]], status: 400),
        Refusal(body: [["op": "add", "path": "/min_disk", "value": "many"]], status: 400),
        Refusal(body: [["op": "add", "path": "/visibility", "value": "all"]], status: 400),
        Refusal(body: [["op": "add", "path": "/p", "value": 1]], status: 400),
        Refusal(body: [["path": "/p", "value": "x"]], status: 400),
        Refusal(body: ["op": "add"], status: 400),
    ])
    func badPatchesAreRefused(_ refusal: Refusal) async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let made = try await client.send(.post, Self.base, token: token, Self.draft("img"))
            let path = "\(Self.base)/\(try #require(made.text("id")))"
            let answer = try await client.send(
                .patch, path, token: token, refusal.body, headers: Self.patch)
            #expect(answer.status == refusal.status)
            let plain = try await client.send(.patch, path, token: token, [])
            #expect(plain.status == 415)
        }
    }

    @Test func rolesAndTokensCount() async throws {
        let bed = try await IdentityAPITestbed()
        let project = try await bed.projects.create(name: "p", description: "", enabled: true)
        for (name, role) in [("reader", Role.reader), ("member", .member)] {
            let user = try await bed.users.create(
                UserDraft(name: name, password: "p", defaultProjectID: nil, enabled: true))
            try await bed.users.assign(role, to: user.id, in: project.id)
        }
        try await bed.talk { client in
            let nobody = try await client.send(.get, Self.base)
            #expect(nobody.status == 401)
            #expect(nobody.keys("error") == ["code", "title", "message"])
            let reader = try await client.login("reader", "p", project: "p")
            #expect(try await client.send(.get, Self.base, token: reader).status == 200)
            let refused = try await client.send(
                .post, Self.base, token: reader, ["name": "x"])
            #expect(refused.status == 403)
            let member = try await client.login("member", "p", project: "p")
            let publicly = try await client.send(
                .post, Self.base, token: member, Self.draft("x"))
            #expect(publicly.status == 403)
            let made = try await client.send(.post, Self.base, token: member, ["name": "x"])
            #expect(made.status == 201)
            let path = "\(Self.base)/\(try #require(made.text("id")))"
            let deactivated = try await client.send(
                .post, path + "/actions/deactivate", token: member)
            #expect(deactivated.status == 403)
            #expect(try await client.send(.put, path + "/tags/t", token: member).status == 204)
            #expect(try await client.send(.delete, path + "/tags/t", token: member).status == 204)
            #expect(try await client.send(.delete, path + "/tags/t", token: member).status == 404)
        }
    }

    @Test func schemasAndInformation() async throws {
        try await IdentityAPITestbed().talk { client in
            let token = try await client.login()
            let image = try await client.send(.get, "/image/v2/schemas/image", token: token)
            #expect(image.keys() == ["name", "properties", "additionalProperties", "links"])
            #expect(image.keys("properties") == Self.keys.union(["stores"]))
            let images = try await client.send(.get, "/image/v2/schemas/images", token: token)
            #expect(images.keys() == ["name", "properties", "links"])
            let methods = try await client.send(.get, "/image/v2/info/import", token: token)
            #expect(methods.json["import-methods"]?["value"] == [])
            #expect(
                try await client.send(.get, "/image/v2/info/stores", token: token).status == 404)
        }
    }
}
