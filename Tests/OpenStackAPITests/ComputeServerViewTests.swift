import Persistence
import RequestPipeline
import Testing

@testable import ComputeModel
@testable import OpenStackAPI

/// The keys of a server in each microversion, as recorded from Nova.
@Suite struct ComputeServerViewTests {
    static let first: Set<String> = [
        "OS-DCF:diskConfig", "OS-EXT-AZ:availability_zone", "OS-EXT-STS:power_state",
        "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "OS-SRV-USG:launched_at",
        "OS-SRV-USG:terminated_at", "accessIPv4", "accessIPv6", "addresses", "config_drive",
        "created", "flavor", "hostId", "id", "image", "key_name", "links", "metadata", "name",
        "os-extended-volumes:volumes_attached", "progress", "security_groups", "status",
        "tenant_id", "updated", "user_id",
    ]
    static let administrative: Set<String> = [
        "OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname",
        "OS-EXT-SRV-ATTR:instance_name",
    ]
    /// What each version adds, and whether only administrators see it.
    static let added: [(minor: Int, keys: Set<String>, admin: Bool)] = [
        (
            3,
            [
                "OS-EXT-SRV-ATTR:hostname", "OS-EXT-SRV-ATTR:kernel_id",
                "OS-EXT-SRV-ATTR:launch_index", "OS-EXT-SRV-ATTR:ramdisk_id",
                "OS-EXT-SRV-ATTR:reservation_id", "OS-EXT-SRV-ATTR:root_device_name",
                "OS-EXT-SRV-ATTR:user_data",
            ], true
        ),
        (9, ["locked"], false), (16, ["host_status"], true), (19, ["description"], false),
        (26, ["tags"], false), (63, ["trusted_image_certificates"], false),
        (71, ["server_groups"], false), (73, ["locked_reason"], false),
        (96, ["pinned_availability_zone"], false), (100, ["scheduler_hints"], false),
    ]
    static let recorded = [
        1, 3, 8, 9, 16, 19, 26, 47, 48, 63, 67, 69, 71, 73, 75, 90, 96, 98, 100,
    ]

    private static func keys(_ minor: Int, admin: Bool) -> Set<String> {
        var keys = first
        if admin { keys.formUnion(administrative) }
        for addition in added where addition.minor <= minor && (admin || !addition.admin) {
            keys.formUnion(addition.keys)
        }
        // From 2.90 on owners see the host name too.
        if minor >= 90 { keys.insert("OS-EXT-SRV-ATTR:hostname") }
        return keys
    }

    @Test(arguments: recorded, [true, false])
    func theKeysAreThoseOfTheVersion(minor: Int, admin: Bool) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.talk { client in
            let shown = try await client.compute(
                .get, "/servers/\(instance.id)", as: admin ? "admin" : "member",
                version: "2.\(minor)")
            let expected = Self.keys(minor, admin: admin)
            #expect(shown.keys("server").subtracting(expected).sorted() == [])
            #expect(expected.subtracting(shown.keys("server")).sorted() == [])
            let listed = try await client.compute(
                .get, "/servers/detail", as: admin ? "admin" : "member", version: "2.\(minor)")
            #expect(listed.keys("servers", "0") == expected.subtracting(["server_groups"]))
            let brief = try await client.compute(.get, "/servers", version: "2.\(minor)")
            #expect(brief.keys("servers", "0") == ["id", "name", "links"])
        }
    }

    @Test(arguments: recorded)
    func flavorAndImageChangeTheirForm(minor: Int) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.talk { client in
            let shown = try await client.compute(
                .get, "/servers/\(instance.id)", version: "2.\(minor)")
            let flavor: Set<String> =
                minor < 47
                ? ["id", "links"]
                : [
                    "disk", "ephemeral", "extra_specs", "original_name", "ram", "swap", "vcpus",
                ]
            #expect(shown.keys("server", "flavor") == flavor)
            let image: Set<String> = minor < 98 ? ["id", "links"] : ["id", "links", "properties"]
            #expect(shown.keys("server", "image") == image)
        }
    }

    @Test(arguments: [
        (InstanceState.building, "BUILD", true), (.active, "ACTIVE", true),
        (.stopped, "SHUTOFF", false), (.error, "ERROR", false),
    ])
    func theStatusSumsUpTheState(state: InstanceState, status: String, progress: Bool)
        async throws
    {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") { $0.state = state }
        try await bed.talk { client in
            let shown = try await client.compute(.get, "/servers/\(instance.id)")
            #expect(shown.text("server", "status") == status)
            #expect(shown.keys("server").contains("progress") == progress)
            #expect(shown.text("server", "created") == "2026-09-21T14:13:20Z")
            #expect(
                shown.text("server", "OS-SRV-USG:launched_at") == "2026-09-21T14:13:20.000000")
            #expect(shown.text("server", "hostId")?.count == 56)
        }
    }

    @Test func aFaultIsShownInErrorAndItsTraceToAdministrators() async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1") {
            $0.state = .error
            $0.fault = InstanceFault(
                code: 500, message: "No valid host was found.", details: "h1: down",
                created: ComputeAPITestbed.time)
        }
        try await bed.talk { client in
            let owner = try await client.compute(.get, "/servers/\(instance.id)")
            #expect(owner.keys("server", "fault") == ["code", "created", "message"])
            #expect(owner.text("server", "fault", "message") == "No valid host was found.")
            let admin = try await client.compute(.get, "/servers/\(instance.id)", as: "admin")
            #expect(admin.text("server", "fault", "details") == "h1: down")
        }
    }

    @Test func addressesAreThoseOfBoundPorts() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.talk { client in
            let network = NetworkAPIClient(client: client.client)
            let (net, _) = try await network.makeNetwork()
            let port = try await network.makePort([
                "network_id": .string(net), "binding:vnic_type": "vdpa",
            ])
            let portID = try #require(port["id"]?.text)
            let instance = try await bed.put("s1") {
                $0.interfaces = [
                    InstanceInterface(portID: PortID(portID), deletedWithInstance: false)
                ]
            }
            let unbound = try await client.compute(.get, "/servers/\(instance.id)")
            #expect(unbound.keys("server", "addresses") == [])
            try await bed.context.documents.mutate(NetworkPort.self, portID) {
                $0.deviceID = instance.id.text
                $0.binding = PortBinding(
                    hostID: HostID("h"), hostName: "h1", deviceID: DeviceID("d"),
                    pciVendorInfo: nil, pciSlot: nil, physicalNetwork: nil)
            }
            let bound = try await client.compute(.get, "/servers/\(instance.id)")
            let address = bound.json["server"]?["addresses"]?["net"]?.entries.first
            #expect(address?["OS-EXT-IPS-MAC:mac_addr"] == port["mac_address"])
            #expect(address?["addr"]?.text?.hasPrefix("10.1.0.") == true)
            #expect(address?["version"] == 4)
            let nics = try await client.compute(
                .get, "/servers/\(instance.id)/os-interface", version: "2.70")
            #expect(
                nics.keys("interfaceAttachments", "0")
                    == ["net_id", "port_id", "mac_addr", "port_state", "fixed_ips", "tag"])
        }
    }
}
