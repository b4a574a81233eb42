import ComputeModel
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// Bodies of `POST /servers`.
@Suite struct ComputeServerCreationTests {
    private static let someID = "00000000-0000-4000-8000-000000000000"

    /// A good body with changed members; `nil` takes one out.
    static func body(_ changes: [String: JSONValue?] = [:]) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": "vm", "flavorRef": "f1",
            "imageRef": .string(ComputeAPITestbed.imageID.text), "networks": "none",
        ]
        for (key, value) in changes { members[key] = value }
        return ["server": .object(members.sorted { $0.key < $1.key }.map { .init($0, $1) })]
    }

    /// A body that is refused with 400, in which version, and a part of the message.
    struct Bad: Sendable, CustomTestStringConvertible {
        let body: JSONValue
        var version = "2.90"
        let message: String
        var testDescription: String { message }
    }

    static let forms: [Bad] = [
        Bad(body: [:], message: "'server' is a required property"),
        Bad(body: ["server": []], message: "expected an object, found a list"),
        Bad(body: ["server": [:]], message: "'name' is a required property"),
        Bad(body: ["sevrer": [:]], message: "'server' is a required property"),
        Bad(body: body(["name": ""]), message: "must have 1 to 255 characters"),
        Bad(body: body(["name": "   "]), message: "it is blank"),
        Bad(
            body: body(["name": .string(String(repeating: "n", count: 256))]),
            message: "must have 1 to 255 characters"),
        Bad(body: body(["name": 7]), message: "expected a string, found an integer"),
        Bad(body: body(["flavorRef": .some(nil)]), message: "'flavorRef' is a required"),
        Bad(body: body(["flavorRef": "none"]), message: "Flavor none could not be found."),
        Bad(body: body(["imageRef": ""]), message: "a server needs an image"),
        Bad(
            body: body(["imageRef": .string(someID)]),
            message: "Can not find requested image \(someID)"),
        Bad(body: body(["flavourRef": "x"]), message: "Did you mean 'flavorRef'?"),
        Bad(body: body(["metadata": ["k": 1]]), message: "expected a string, found an integer"),
        Bad(
            body: body(["metadata": ["k": .string(String(repeating: "v", count: 256))]]),
            message: "255 characters"),
        Bad(body: body(["user_data": "not base64!"]), message: "it is not base64"),
        Bad(body: body(["key_name": "none"]), message: "Invalid key_name provided"),
        Bad(body: body(["config_drive": "maybe"]), message: "expected a boolean"),
        Bad(
            body: body(["availability_zone": "mars"]),
            message: "The requested availability zone 'mars' is not available"),
        Bad(body: body(["security_groups": ["default"]]), message: "each entry needs a 'name'"),
        Bad(body: body(["min_count": 3, "max_count": 2]), message: "min_count must be <="),
        Bad(body: body(["min_count": 0]), message: "must be from 1 to 1000"),
        Bad(
            body: body(["block_device_mapping_v2": [["source_type": "volume"]]]),
            message: "Volumes are not available here"),
    ]

    static let networks: [Bad] = [
        Bad(body: body(["networks": .some(nil)]), message: "'networks' is a required property"),
        Bad(body: body(["networks": "all"]), message: "expected a list, 'auto' or 'none'"),
        Bad(body: body(), version: "2.36", message: "expected a list, 'auto' or 'none'"),
        Bad(body: body(["networks": [[:]]]), message: "each NIC needs a 'port' or a 'uuid'"),
        Bad(body: body(["networks": [["port": "p"]]]), message: "'p' is not a UUID"),
        Bad(
            body: body(["networks": [["uuid": "n"]]]),
            message: "network uuid is not in proper format (n)"),
        Bad(
            body: body(["networks": [["port": .string(someID)]]]),
            message: "Port id \(someID) could not be found."),
        Bad(
            body: body(["networks": [["uuid": .string(someID)]]]),
            message: "Network \(someID) could not be found."),
        Bad(
            body: body([
                "networks": [["port": .string(someID), "fixed_ip": "10.0.0.1"]]
            ]), message: "cannot be specified together"),
        Bad(
            body: body(["networks": [["prot": .string(someID)]]]),
            message: "Did you mean 'port'?"),
        Bad(
            body: body(["networks": .array(Array(repeating: ["uuid": "x"], count: 65))]),
            message: "at most 64 NICs"),
    ]

    /// Members that came with a later version are unknown before it.
    static let versions: [Bad] = [
        Bad(body: body(["description": "d"]), version: "2.18", message: "'description'"),
        Bad(body: body(["tags": ["t"]]), version: "2.51", message: "'tags'"),
        Bad(body: body(["host": "h1"]), version: "2.73", message: "'host'"),
        Bad(body: body(["hostname": "h"]), version: "2.89", message: "'hostname'"),
        Bad(body: body(["hostname": "h h"]), version: "2.90", message: "letters, digits"),
        Bad(
            body: body(["trusted_image_certificates": ["c"]]),
            message: "Image signatures are not checked here"),
    ].map { bad in
        // Before 2.37 there is no 'none' for networks.
        guard bad.version == "2.18", case .object(var outer) = bad.body,
            case .object(let members)? = outer.first?.value
        else { return bad }
        outer[0].value = .object(members.filter { $0.key != "networks" })
        return Bad(body: .object(outer), version: bad.version, message: bad.message)
    }

    @Test(arguments: forms + networks + versions)
    func aBadBodyIsRefused(bad: Bad) async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers", bad.body, version: bad.version)
            #expect(answer.status == 400)
            #expect(answer.json["badRequest"]?["code"] == 400)
            let message = try #require(answer.fault("badRequest"))
            #expect(message.contains(bad.message), "found: \(message)")
            #expect(try bed.context.documents.list(Instance.self).isEmpty)
        }
    }

    @Test(arguments: [
        ("2.1", body(["networks": .some(nil)])), ("2.37", body()),
        ("2.90", body(["networks": "auto", "description": "d", "tags": ["t"], "hostname": "h"])),
        ("2.100", body(["key_name": .some(nil), "metadata": [:], "adminPass": "secret"])),
        ("2.90", body(["flavorRef": "http://cloud.example.com/compute/flavors/f1"])),
        (
            "2.90",
            body([
                "block_device_mapping_v2": [
                    [
                        "uuid": .string(ComputeAPITestbed.imageID.text), "boot_index": 0,
                        "source_type": "image", "destination_type": "local",
                        "delete_on_termination": true,
                    ]
                ], "min_count": 1, "max_count": 1,
            ])
        ),
    ])
    func aGoodBodyIsAccepted(version: String, body: JSONValue) async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let answer = try await client.compute(.post, "/servers", body, version: version)
            #expect(answer.status == 202)
            #expect(
                answer.keys("server")
                    == ["id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"])
            let id = try #require(answer.text("server", "id"))
            let location = "http://cloud.example.com/compute/v2.1/servers/\(id)"
            #expect(answer.header("Location") == location)
            #expect(try bed.context.documents.list(Instance.self).map(\.value.id.text) == [id])
        }
    }

    @Test func severalAreAnsweredWithTheirReservation() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let body = Self.body(["min_count": 2, "return_reservation_id": true])
            let answer = try await client.compute(.post, "/servers", body, version: "2.90")
            #expect(answer.status == 202)
            let id = try #require(answer.text("reservation_id"))
            let list = try await client.compute(.get, "/servers?reservation_id=\(id)")
            #expect(Set(list.column("servers", "name")) == ["vm-1", "vm-2"])
        }
    }

    @Test func theQuotaIsKept() async throws {
        let bed = try await ComputeAPITestbed { $0.instancesPerProjectMax = 1 }
        try await bed.talk { client in
            let first = try await client.compute(
                .post, "/servers", Self.body(), version: "2.90")
            #expect(first.status == 202)
            let second = try await client.compute(
                .post, "/servers", Self.body(), version: "2.90")
            #expect(second.status == 403)
            #expect(second.fault("forbidden")?.hasPrefix("Quota exceeded for instances") == true)
        }
    }

    @Test func aDestinationIsForAdministrators() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            for body in [Self.body(["host": "h1"]), Self.body(["availability_zone": "nova:h1"])] {
                let member = try await client.compute(.post, "/servers", body, version: "2.90")
                #expect(member.status == 403)
                let admin = try await client.compute(
                    .post, "/servers", body, as: "admin", version: "2.90")
                #expect(admin.fault("badRequest") == "Compute host h1 not found.")
            }
        }
    }
}
