import ComputeModel
import Foundation
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import Conductor
@testable import OpenStackAPI

/// What ports and flavors ask of devices, as requests write it.
@Suite struct DeviceWishAPITests {
    @Test func aPortsWishesAreShown() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            let plain = try await api.makePort(["network_id": .string(network)])
            #expect(plain["device_requirements"] == .null)
            // As the client's --extra-property type=dict writes it: everything is text.
            let port = try await api.makePort([
                "network_id": .string(network), "binding:vnic_type": "vdpa",
                "device_requirements": [
                    "queue_pairs_min": "4", "features": "mq;packed_ring",
                    "transparent_migration": "true",
                ],
            ])
            #expect(
                port["device_requirements"]?.inOrder == [
                    "features": ["mq", "packed_ring"], "link_speed_mbps_min": nil, "mtu_min": nil,
                    "queue_pairs_min": 4, "transparent_migration": true,
                ])
            let path = "ports/" + (try #require(port["id"]?.text))
            let changed = try await api.put(
                path,
                ["port": ["device_requirements": ["mtu_min": 9000, "features": ["mtu"]]]])
            #expect(
                changed["port", "device_requirements"]?.inOrder == [
                    "features": ["mtu"], "link_speed_mbps_min": nil, "mtu_min": 9000,
                    "queue_pairs_min": nil, "transparent_migration": false,
                ])
            let named = try await api.put(path, ["port": ["name": "p"]])
            #expect(named["port", "device_requirements", "mtu_min"] == 9000)
            for nothing in [JSONValue.null, [:], ["transparent_migration": false]] {
                let cleared = try await api.put(path, ["port": ["device_requirements": nothing]])
                #expect(cleared["port", "device_requirements"] == .null)
            }
            let extensions = try await api.get("extensions/device-requirements")
            #expect(extensions.status == 200)
        }
    }

    static let badWishes: [(JSONValue, String)] = [
        ("fast", "expected an object"), (["queue_pair_min": 4], "Did you mean 'queue_pairs_min'?"),
        (["queue_pairs_min": 0], "from 1 to 32768"), (["queue_pairs_min": "x"], "an integer"),
        (["mtu_min": 70_000], "from 68 to 65535"),
        (["link_speed_mbps_min": -1], "from 1 to 10000000"),
        (["features": ["mqq"]], "Did you mean 'mq'?"),
        (["features": "tso,warp"], "'warp', which is no feature"),
        (["features": [1]], "expected strings"),
        (["transparent_migration": "maybe"], "expected a boolean"),
    ]

    @Test(arguments: badWishes.indices)
    func badWishesAreRefused(index: Int) async throws {
        let (wishes, message) = Self.badWishes[index]
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            let answer = try await api.post(
                "ports",
                ["port": ["network_id": .string(network), "device_requirements": wishes]])
            #expect(answer.status == 400)
            let found = answer["NeutronError", "message"]?.text ?? ""
            #expect(found.contains(message), "\(found)")
        }
    }

    @Test(arguments: ["required", "preferred", "legacy", "socket"])
    func numaPoliciesAreKept(policy: String) async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            let port = try await api.makePort([
                "network_id": .string(network), "numa_affinity_policy": .string(policy),
            ])
            #expect(port["numa_affinity_policy"] == .string(policy))
            let path = "ports/" + (try #require(port["id"]?.text))
            for bad in [JSONValue.string("near"), "Required", "", 1] {
                let answer = try await api.put(path, ["port": ["numa_affinity_policy": bad]])
                #expect(answer.status == 400)
            }
            let cleared = try await api.put(path, ["port": ["numa_affinity_policy": nil]])
            #expect(cleared["port", "numa_affinity_policy"] == .null)
        }
    }

    @Test func theQuotaOfVDPAPortsIsAConflictAndShown() async throws {
        try await NetworkAPITestbed { $0.vdpaPortsPerProjectMax = 1 }.talk { api in
            let (network, _) = try await api.makeNetwork()
            let body: JSONValue = [
                "port": ["network_id": .string(network), "binding:vnic_type": "vdpa"]
            ]
            #expect(try await api.post("ports", body).status == 201)
            let second = try await api.post("ports", body)
            #expect(second.status == 409 && second.errorType == "OverQuota")
            #expect(second["NeutronError", "message"]?.text?.contains("'vdpa_port'") == true)
            let port = try await api.makePort(["network_id": .string(network)])
            let change = try await api.put(
                "ports/" + (try #require(port["id"]?.text)),
                ["port": ["binding:vnic_type": "vdpa"]])
            #expect(change.status == 409 && change.errorType == "OverQuota")
            let project = NetworkTokens.project.text
            #expect(try await api.get("quotas/\(project)")["quota", "vdpa_port"] == 1)
            let details = try await api.get("quotas/\(project)/details.json")
            #expect(
                details["quota", "vdpa_port"]?.inOrder
                    == ["limit": 1, "reserved": 0, "used": 1])
        }
    }

    static let badSpecs: [([String: String], String)] = [
        (["pci_passthrough:alias": "gpu"], "expected 'name:count'"),
        (["pci_passthrough:alias": "vdpa:1"], "vnic_type 'vdpa'"),
        (["vdpa:queues": "1"], "The extra spec 'vdpa:queues' is not known."),
        (["vdpa:mtu_min": "1.5k"], "from 68 to 65535"),
        (["hw:pci_numa_affinity_policy": "near"], "'near'"),
        (["hw:cpu_policy": "mine"], "'mine'"), (["hw:numa_nodes": "0"], "'0'"),
    ]

    @Test(arguments: badSpecs.indices)
    func badExtraSpecsAreNotStored(index: Int) async throws {
        let (specs, message) = Self.badSpecs[index]
        try await ComputeAPITestbed().talk { client in
            let all = try await client.compute(
                .post, "/flavors/f1/os-extra_specs", ["extra_specs": .map(specs)], as: "admin")
            #expect(all.status == 400)
            #expect(
                all.fault("badRequest")?.contains(message) == true,
                "\(String(describing: all.fault("badRequest")))")
            let (key, value) = try #require(specs.first)
            let one = try await client.compute(
                .put, "/flavors/f1/os-extra_specs/\(key)",
                .object([.init(key, .string(value))]), as: "admin")
            #expect(one.status == 400)
            let kept = try await client.compute(.get, "/flavors/f1/os-extra_specs")
            #expect(kept.keys("extra_specs") == ["hw:mem"])
        }
    }

    @Test func oneExtraSpecIsSetAndShown() async throws {
        try await ComputeAPITestbed().talk { client in
            let path = "/flavors/f1/os-extra_specs/vdpa:features"
            let set = try await client.compute(
                .put, path, ["vdpa:features": "mq"], as: "admin")
            #expect(set.json == ["vdpa:features": "mq"])
            #expect(try await client.compute(.get, path).json == ["vdpa:features": "mq"])
            let other = try await client.compute(.put, path, ["vdpa:mtu_min": "99"], as: "admin")
            #expect(other.status == 400)
            #expect(try await client.compute(.delete, path, as: "admin").status == 200)
            #expect(try await client.compute(.get, path).status == 404)
        }
    }

    @Test func aServerNeedsAliasesThatAreDefined() async throws {
        let aliases = try DeviceAliases([
            DeviceAlias(name: "gpu", vendorID: "10de", productID: "1db4")
        ])
        let bed = try await ComputeAPITestbed { $0.deviceAliases = aliases }
        try await bed.talk { client in
            for (text, status) in [("gpu:1", 202), ("fpga:1", 400)] {
                let set = try await client.compute(
                    .post, "/flavors/f1/os-extra_specs",
                    ["extra_specs": ["pci_passthrough:alias": .string(text)]], as: "admin")
                #expect(set.status == 200)
                let answer = try await client.compute(
                    .post, "/servers", ComputeServerCreationTests.body(), version: "2.90")
                #expect(answer.status == status)
                let message = answer.fault("badRequest")
                #expect(
                    message?.contains("PCI alias fpga is not defined") ?? (status == 202))
                #expect(message?.contains("Defined are: gpu.") ?? (status == 202))
            }
        }
    }

    @Test func flavorAndImageMustAgreeOnNUMA() async throws {
        let bed = try await ComputeAPITestbed()
        try await bed.context.documents.mutate(Image.self, ComputeAPITestbed.imageID.text) {
            $0.properties["hw_pci_numa_affinity_policy"] = "required"
        }
        try await bed.talk { client in
            _ = try await client.compute(
                .post, "/flavors/f1/os-extra_specs",
                ["extra_specs": ["hw:pci_numa_affinity_policy": "socket"]], as: "admin")
            let answer = try await client.compute(
                .post, "/servers", ComputeServerCreationTests.body(), version: "2.90")
            #expect(answer.status == 403)
        }
    }
}
