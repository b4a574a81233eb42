import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// Bodies of rebuilds and what their answers show.
@Suite struct ServerRebuildTests {
    private static let image = JSONValue.string(ComputeAPITestbed.imageID.text)

    private static func read(
        _ members: [JSONValue.Member], _ minor: Int
    ) throws -> RebuildRequest {
        let value = JSONValue.object([.init("imageRef", image)] + members)
        return try RebuildRequest(
            ServerAction(["rebuild": value], Microversion(minor: minor)))
    }

    @Test func whatIsNotNamedStaysAsItIs() throws {
        let plain = try Self.read([], 1)
        #expect(plain == RebuildRequest(imageID: ComputeAPITestbed.imageID))
        let link = try RebuildRequest(
            ServerAction(
                [
                    "rebuild": [
                        "imageRef": .string("http://c/images/\(ComputeAPITestbed.imageID)")
                    ]
                ], Microversion(minor: 1)))
        #expect(link == plain)
    }

    @Test func everyMemberIsReadAndNullTakesAway() throws {
        let all = try Self.read(
            [
                .init("name", " web "), .init("metadata", ["a": "b"]),
                .init("description", "d"), .init("key_name", "k"),
                .init("user_data", "aGk="), .init("adminPass", "x"),
                .init("OS-DCF:diskConfig", "AUTO"), .init("preserve_ephemeral", false),
                .init("accessIPv4", "192.0.2.1"),
            ], 100)
        #expect(all.name == "web")
        #expect(all.metadata == ["a": "b"])
        #expect(all.description == .some("d"))
        #expect(all.keyName == .some("k"))
        #expect(all.userData == .some("aGk="))
        #expect(try Self.read([.init("hostname", "w1")], 90).hostname == "w1")
        let cleared = try Self.read(
            [.init("description", nil), .init("key_name", nil), .init("user_data", nil)], 57)
        #expect(cleared.description == .some(nil))
        #expect(cleared.keyName == .some(nil))
        #expect(cleared.userData == .some(nil))
    }

    /// A member, and the version it came with.
    @Test(arguments: [
        ("description", "d", 19), ("key_name", "k", 54), ("user_data", "aGk=", 57),
        ("hostname", "web-1.example", 90),
    ])
    func membersComeWithTheirVersion(key: String, value: String, minor: Int) throws {
        _ = try Self.read([.init(key, .string(value))], minor)
        #expect(throws: DomainError.self) {
            try Self.read([.init(key, .string(value))], minor - 1)
        }
    }

    static let wrong: [(String, JSONValue, Int)] = [
        ("name", "", 1), ("name", "  ", 1), ("name", nil, 0), ("metadata", ["": "x"], 1),
        ("metadata", ["k": 1], 1), ("user_data", "not base64!", 57), ("key_name", "", 54),
        ("preserve_ephemeral", true, 1), ("OS-DCF:diskConfig", "x", 1),
        ("personality", [["path": "/etc/motd", "contents": "aGk="]], 1),
        ("personality", [], 57), ("trusted_image_certificates", ["c"], 63),
        ("hostname", "we b", 90), ("hostname", "web\n", 90), ("hostname", "", 90),
        ("imageref", "x", 1),
    ]

    @Test(arguments: wrong.filter { $0.2 > 0 })
    func wrongMembersAreRefused(key: String, value: JSONValue, minor: Int) {
        #expect(throws: DomainError.self) { try Self.read([.init(key, value)], minor) }
    }

    @Test(arguments: [nil, [:], ["imageRef": "img1"], ["imageRef": 7]] as [JSONValue])
    func anImageIsNeeded(value: JSONValue) {
        #expect(throws: DomainError.self) {
            try RebuildRequest(ServerAction(["rebuild": value], Microversion(minor: 1)))
        }
    }

    /// The keys of the answer, as Nova's was recorded at 2.100.
    @Test func theAnswerIsTheServerWithItsPassword() async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") { $0.task = .rebuilding }
        let recorded: Set<String> = [
            "accessIPv4", "accessIPv6", "addresses", "created", "flavor", "hostId", "id", "image",
            "links", "metadata", "name", "status", "tenant_id", "user_id", "updated",
            "OS-DCF:diskConfig", "progress", "OS-EXT-AZ:availability_zone", "config_drive",
            "key_name", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at", "security_groups",
            "OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:instance_name",
            "OS-EXT-SRV-ATTR:hypervisor_hostname", "OS-EXT-SRV-ATTR:hostname",
            "OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:launch_index",
            "OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:reservation_id",
            "OS-EXT-SRV-ATTR:root_device_name", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state",
            "OS-EXT-STS:power_state", "os-extended-volumes:volumes_attached", "locked",
            "host_status", "description", "tags", "trusted_image_certificates", "server_groups",
            "locked_reason", "pinned_availability_zone", "scheduler_hints", "adminPass",
            "user_data",
        ]
        let newest = try Self.view(bed, minor: 100).rebuilt(instance, password: "p")
        #expect(Set(newest.keys) == recorded)
        #expect(newest["status"] == "REBUILD")
        #expect(newest["adminPass"] == "p")
        let oldest = try Self.view(bed, minor: 1).rebuilt(instance, password: "p")
        #expect(!oldest.keys.contains("key_name"))
        #expect(!oldest.keys.contains { $0.hasPrefix("OS-EXT-STS") })
        #expect(oldest.keys.contains("adminPass"))
        let middle = try Self.view(bed, minor: 57).rebuilt(instance, password: "p")
        #expect(Set(["key_name", "user_data", "locked", "description"]).isSubset(of: middle.keys))
    }

    private static func view(_ bed: ComputeAPITestbed, minor: Int) throws -> ServerViews {
        ServerViews(
            version: Microversion(minor: minor),
            caller: Caller(
                userID: UserID("admin"), userName: "admin", projectID: NetworkTokens.project,
                projectName: "admin", role: .admin, requestID: APIRequestID("req-test")),
            base: "", stored: bed.conductor.readModel(), isUp: { _ in true })
    }
}
