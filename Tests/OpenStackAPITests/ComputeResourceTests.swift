import ComputeModel
import Foundation
import JSON
import RequestPipeline
import Testing

@testable import Conductor
@testable import OpenStackAPI

/// Flavors, key pairs, hosts in their three forms, limits, metadata.
@Suite struct ComputeResourceTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJpc3Q5HziUAqazknIZPIrUtPfmbHmsO040ZXuskdFEB"

    @Test func aKeyPairHasTheFingerprintOfTheReferenceSystem() async throws {
        try await ComputeAPITestbed().talk { client in
            let body: JSONValue = ["keypair": ["name": "kp1", "public_key": .string(Self.key)]]
            let made = try await client.compute(.post, "/os-keypairs", body, version: "2.92")
            #expect(made.status == 201)
            #expect(
                made.text("keypair", "fingerprint")
                    == "05:e8:a0:f8:f5:32:2c:19:f4:2a:ff:b7:44:95:c0:4d")
            #expect(
                made.keys("keypair")
                    == ["type", "name", "public_key", "fingerprint", "user_id"])
            let twice = try await client.compute(.post, "/os-keypairs", body, version: "2.92")
            #expect(twice.status == 409)
            #expect(twice.fault("conflictingRequest") == "Key pair 'kp1' already exists.")
            let foreign = try await client.compute(.get, "/os-keypairs/kp1", as: "other")
            #expect(foreign.status == 404)
            let gone = try await client.compute(.delete, "/os-keypairs/kp1", version: "2.92")
            #expect(gone.status == 204)
        }
    }

    @Test(arguments: [
        ["name": "k"], ["name": "k", "public_key": "ssh-rsa"],
        ["name": "k", "public_key": "ssh-rsa ####"], ["public_key": "ssh-rsa AAAA"],
        ["name": "k", "type": "x509", "public_key": "c"],
    ])
    func badKeyPairsAreRefused(members: [String: String]) async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(
                .post, "/os-keypairs", ["keypair": .map(members)], version: "2.92")
            #expect(answer.status == 400)
        }
    }

    @Test(arguments: [
        (1, ["description", "extra_specs"]), (54, ["description", "extra_specs"]),
        (55, ["extra_specs"]), (61, []), (100, []),
    ])
    func flavorsGrowWithTheVersion(minor: Int, absent: [String]) async throws {
        let all: Set<String> = [
            "id", "name", "ram", "disk", "swap", "OS-FLV-EXT-DATA:ephemeral",
            "OS-FLV-DISABLED:disabled", "vcpus", "os-flavor-access:is_public", "rxtx_factor",
            "links", "description", "extra_specs",
        ]
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(.get, "/flavors/f1", version: "2.\(minor)")
            #expect(answer.keys("flavor") == all.subtracting(absent))
            #expect(answer.json["flavor"]?["swap"] == (minor < 75 ? "" : 0))
        }
    }

    @Test func aPrivateFlavorIsForThoseWhoHaveAccess() async throws {
        try await ComputeAPITestbed().talk { client in
            let body: JSONValue = [
                "flavor": [
                    "name": "secret", "id": "f9", "ram": 64, "vcpus": 1, "disk": 1,
                    "os-flavor-access:is_public": false,
                ]
            ]
            let made = try await client.compute(.post, "/flavors", body, as: "admin")
            #expect(made.status == 200)
            #expect(try await client.compute(.get, "/flavors/f9").status == 404)
            let access: JSONValue = [
                "addTenantAccess": ["tenant": .string(NetworkTokens.project.text)]
            ]
            let added = try await client.compute(
                .post, "/flavors/f9/action", access, as: "admin")
            #expect(added.column("flavor_access", "tenant_id") == [NetworkTokens.project.text])
            #expect(try await client.compute(.get, "/flavors/f9").status == 200)
            #expect(try await client.compute(.get, "/flavors/f9", as: "other").status == 404)
            let twice = try await client.compute(.post, "/flavors", body, as: "admin")
            #expect(twice.fault("conflictingRequest") == "Flavor with ID f9 already exists.")
            #expect(
                try await client.compute(.delete, "/flavors/f9", as: "admin").status == 202)
        }
    }

    @Test(
        arguments: [
            ["name": "f", "ram": 0, "vcpus": 1, "disk": 1], ["name": "f", "ram": 1, "disk": 1],
            ["name": "f", "ram": 1, "vcpus": 1, "disk": -1], ["ram": 1, "vcpus": 1, "disk": 1],
            ["name": "", "ram": 1, "vcpus": 1, "disk": 1],
            ["name": "f", "ram": 1, "vcpus": 1, "disk": 1, "rma": 1],
        ] as [JSONValue])
    func badFlavorsAreRefused(flavor: JSONValue) async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(
                .post, "/flavors", ["flavor": flavor], as: "admin")
            #expect(answer.status == 400)
        }
    }

    private static func withHost() async throws -> (ComputeAPITestbed, String) {
        let bed = try await ComputeAPITestbed()
        let host = ComputeHost(
            id: HostID("e550582b-2e83-4ad5-a93e-218db6518521"), name: "compute1", zone: "nova",
            createdAt: ComputeAPITestbed.time)
        try await bed.context.documents.transact { try $0.insert(host) }
        bed.conductor.hub.liveness.heard(host.id)
        return (bed, host.id.text)
    }

    @Test func aHostIsAHypervisorAServiceAndInAZone() async throws {
        let (bed, id) = try await Self.withHost()
        try await bed.talk { client in
            let hypervisors = try await client.compute(
                .get, "/os-hypervisors/detail", as: "admin", version: "2.88")
            #expect(
                hypervisors.keys("hypervisors", "0") == [
                    "id", "hypervisor_hostname", "state", "status", "hypervisor_type",
                    "hypervisor_version", "host_ip", "service", "uptime",
                ])
            #expect(hypervisors.text("hypervisors", "0", "state") == "up")
            let none = try await client.compute(
                .get, "/os-hypervisors?hypervisor_hostname_pattern=x", as: "admin",
                version: "2.53")
            #expect(none.status == 404)
            let old = try await client.compute(
                .get, "/os-hypervisors/\(id)", as: "admin", version: "2.87")
            #expect(old.keys("hypervisor").isSuperset(of: ["vcpus", "memory_mb", "cpu_info"]))
            let services = try await client.compute(
                .get, "/os-services?binary=nova-compute", as: "admin", version: "2.69")
            #expect(services.column("services", "host") == ["compute1"])
            #expect(services.text("services", "0", "binary") == "nova-compute")
            let zones = try await client.compute(.get, "/os-availability-zone")
            #expect(zones.column("availabilityZoneInfo", "zoneName") == ["nova"])
        }
    }

    @Test func aServiceIsDisabledWithAReason() async throws {
        let (bed, id) = try await Self.withHost()
        try await bed.talk { client in
            let off = try await client.compute(
                .put, "/os-services/\(id)",
                ["status": "disabled", "disabled_reason": "fans"], as: "admin", version: "2.53")
            #expect(off.text("service", "status") == "disabled")
            #expect(off.text("service", "disabled_reason") == "fans")
            let down = try await client.compute(
                .put, "/os-services/\(id)", ["forced_down": true], as: "admin",
                version: "2.53")
            #expect(down.text("service", "state") == "down")
            let on = try await client.compute(
                .put, "/os-services/\(id)", ["status": "enabled"], as: "admin",
                version: "2.53")
            #expect(on.json["service"]?["disabled_reason"] == .null)
            let bodies: [JSONValue] = [
                [:], ["status": "off"], ["status": "enabled", "disabled_reason": "r"],
            ]
            for body in bodies {
                let bad = try await client.compute(
                    .put, "/os-services/\(id)", body, as: "admin", version: "2.53")
                #expect(bad.status == 400)
            }
        }
    }

    @Test func metadataIsMergedReplacedAndTakenAway() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s") { $0.metadata = ["a": "1"] }
        try await bed.talk { client in
            let path = "/servers/\(server.id)/metadata"
            let merged = try await client.compute(.post, path, ["metadata": ["b": "2"]])
            #expect(merged.keys("metadata") == ["a", "b"])
            let replaced = try await client.compute(.put, path, ["metadata": ["c": "3"]])
            #expect(replaced.keys("metadata") == ["c"])
            #expect(try await client.compute(.delete, path + "/c").status == 204)
            #expect(try await client.compute(.delete, path + "/c").status == 404)
            let bad = try await client.compute(.post, path, ["metadata": ["d": 4]])
            #expect(bad.status == 400)
        }
    }

    @Test func namesOfAServerAreChanged() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s")
        try await bed.talk { client in
            let path = "/servers/\(server.id)"
            let body: JSONValue = ["server": ["name": "web", "hostname": "web-1"]]
            let changed = try await client.compute(.put, path, body, version: "2.90")
            #expect(changed.status == 200)
            #expect(changed.json["server"]?["name"] == "web")
            #expect(changed.json["server"]?["OS-EXT-SRV-ATTR:hostname"] == "web-1")
            #expect(try await client.compute(.put, path, body, version: "2.89").status == 400)
            let bad: JSONValue = ["server": ["hostname": "web 1"]]
            #expect(try await client.compute(.put, path, bad, version: "2.90").status == 400)
        }
    }

    @Test func namesAreNeverTakenForIDs() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.put("s1")
        try await bed.talk { client in
            for path in ["/servers/s1", "/flavors/small", "/servers/limits", "/os-keypairs/x"] {
                let answer = try await client.compute(.get, path)
                #expect(answer.status == 404, "\(path)")
            }
            let answer = try await client.compute(.get, "/os-hypervisors/compute1", as: "admin")
            #expect(answer.status == 400)
        }
    }

    @Test func pathsWithTheProjectInFrontAreTheSame() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let project = NetworkTokens.project
            let list = try await client.compute(.get, "/\(project)/servers/detail")
            #expect(list.column("servers", "id") == [server.id.text])
            let shown = try await client.compute(.get, "/\(project)/servers/\(server.id)")
            #expect(shown.text("server", "id") == server.id.text)
        }
    }
}
