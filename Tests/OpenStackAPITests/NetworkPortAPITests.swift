import ComputeModel
import Conductor
import Foundation
import JSON
import Networking
import Persistence
import RequestPipeline
import Testing

@Suite struct NetworkPortAPITests {
    @Test func membersSeeNoBindings() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            let port = try await api.makePort(["network_id": .string(network)])
            let hidden = [
                "binding:host_id", "binding:profile", "binding:vif_type", "binding:vif_details",
                "resource_request",
            ]
            #expect(Set(port.keys).isDisjoint(with: hidden))
            #expect(port["binding:vnic_type"] == "normal")
            let id = try #require(port["id"]?.text)
            let seen = try await api.get("ports/\(id)", as: "admin")
            #expect(seen["port", "binding:vif_type"] == "unbound")
            let networks = try await api.get("networks")
            let first = try #require(networks["networks"]?.entries.first)
            #expect(!first.keys.contains { $0.hasPrefix("provider:") })
        }
    }

    @Test func showsBoundPortsAsNeutronDoes() async throws {
        let bed = try await NetworkAPITestbed()
        try await bed.talk { api in
            let (network, _) = try await api.makeNetwork()
            let made = try await api.makePort(
                [
                    "network_id": .string(network), "binding:vnic_type": "vdpa",
                    "binding:profile": ["trusted": true, "pci_slot": "0000:00:00.0"],
                ], as: "admin")
            let id = try #require(made["id"]?.text)
            #expect(made["binding:profile"] == ["trusted": true])
            let ports = Ports(bed.context)
            let binding = PortBinding(
                hostID: .init("h"), hostName: "compute2", deviceID: .init("d"),
                pciVendorInfo: "15b3:101e", pciSlot: "0000:06:02.0",
                physicalNetwork: "physnet1")
            try await bed.context.documents.transact { transaction in
                let port = try bed.context.documents.require(NetworkPort.self, id)
                try ports.bind(port, binding: binding, adoptedMAC: nil, in: &transaction)
            }
            _ = try await bed.context.documents.mutate(NetworkPort.self, id) { $0.linkUp = true }
            let port = try #require(try await api.get("ports/\(id)", as: "admin")["port"])
            #expect(port["status"] == "ACTIVE")
            #expect(port["binding:host_id"] == "compute2")
            #expect(port["binding:vif_type"] == "ovs")
            #expect(port["binding:vif_details"]?["bridge_name"] == "br-int")
            #expect(
                port["binding:profile"]?.inOrder == [
                    "pci_slot": "0000:06:02.0", "pci_vendor_info": "15b3:101e",
                    "physical_network": "physnet1", "trusted": true,
                ])
            let change = try await api.put("ports/\(id)", ["port": ["binding:vnic_type": "normal"]])
            #expect(change.status == 409 && change.errorType == "PortBound")
        }
    }

    static let refusals: [(JSONValue, Int, String)] = [
        (["binding:vnic_type": "warp"], 400, "HTTPBadRequest"),
        (["mac_address": "zz"], 400, "HTTPBadRequest"),
        (["mac_address": "01:00:5e:00:00:01"], 400, "HTTPBadRequest"),
        (["fixed_ips": [["ip_address": "10.9.9.9"]]], 400, "InvalidIpForNetwork"),
        (["fixed_ips": [["ip_address": "10.1.0.255"]]], 400, "InvalidIpForSubnet"),
        (["fixed_ips": [["ip_addres": "10.1.0.9"]]], 400, "HTTPBadRequest"),
        (["fixed_ips": "10.1.0.9"], 400, "HTTPBadRequest"),
        (["fixed_ips": [["ip_address": "10.1.0.77"]]], 409, "IpAddressAlreadyAllocated"),
        (["mac_address": "fa:16:3e:00:00:77"], 409, "MacAddressInUse"),
        (["binding:profile": ["trusted": true]], 403, "PolicyNotAuthorized"),
        (["binding:host_id": "compute1"], 400, "HTTPBadRequest"),
        (["qos_policy_id": "x"], 400, "HTTPBadRequest"),
        (["binding:vnic_typ": "vdpa"], 400, "HTTPBadRequest"),
        (["network_id": "43804455-5ca9-44f2-a995-19d2d8f64145"], 404, "NetworkNotFound"),
        (["network_id": "net"], 404, "NetworkNotFound"),
        (["security_groups": ["nope"]], 404, "SecurityGroupNotFound"),
        (["tags": [""]], 400, "HTTPBadRequest"),
    ]

    @Test(arguments: refusals.indices)
    func refusesInNeutronsWords(index: Int) async throws {
        let (attributes, status, type) = Self.refusals[index]
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            _ = try await api.makePort([
                "network_id": .string(network), "mac_address": "fa:16:3e:00:00:77",
                "fixed_ips": [["ip_address": "10.1.0.77"]],
            ])
            guard case .object(var members) = attributes else { return }
            if attributes["network_id"] == nil {
                members.append(.init("network_id", .string(network)))
            }
            let answer = try await api.post("ports", ["port": .object(members)])
            #expect(answer.status == status, "\(attributes)")
            #expect(answer.errorType == type, "\(attributes)")
            #expect(answer["NeutronError"]?.keys.sorted() == ["detail", "message", "type"])
        }
    }

    @Test func namesTheValidVNICTypes() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            let answer = try await api.post(
                "ports",
                ["port": ["network_id": .string(network), "binding:vnic_type": "warp"]])
            let message = try #require(answer["NeutronError", "message"]?.text)
            for type in VNICType.allCases { #expect(message.contains("'\(type.rawValue)'")) }
        }
    }

    @Test func makesManyAtOnceOrNone() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, _) = try await api.makeNetwork()
            func bulk(_ addresses: [String]) async throws -> NetworkAPIAnswer {
                try await api.post(
                    "ports",
                    [
                        "ports": .array(
                            addresses.map {
                                [
                                    "network_id": .string(network),
                                    "fixed_ips": [["ip_address": .string($0)]], "tags": ["t"],
                                ]
                            })
                    ])
            }
            let made = try await bulk(["10.1.0.10", "10.1.0.11"])
            #expect(made.status == 201)
            #expect(made["ports"]?.entries.map { $0["tags"] } == [["t"], ["t"]])
            let refused = try await bulk(["10.1.0.12", "10.1.0.11"])
            #expect(refused.status == 409)
            #expect(try await api.get("ports")["ports"]?.entries.count == 2)
        }
    }

    @Test func quotaIsAConflict() async throws {
        try await NetworkAPITestbed { $0.portsPerProjectMax = 1 }.talk { api in
            let (network, _) = try await api.makeNetwork()
            _ = try await api.makePort(["network_id": .string(network)])
            let answer = try await api.post("ports", ["port": ["network_id": .string(network)]])
            #expect(answer.status == 409 && answer.errorType == "OverQuota")
        }
    }

    @Test func portsAreChangedAndRemoved() async throws {
        try await NetworkAPITestbed().talk { api in
            let (network, subnet) = try await api.makeNetwork()
            let port = try await api.makePort(["network_id": .string(network)])
            let path = "ports/" + (try #require(port["id"]?.text))
            let changed = try await api.put(
                path,
                [
                    "port": [
                        "name": "p", "admin_state_up": false, "dns_name": "guest",
                        "numa_affinity_policy": "socket", "security_groups": [],
                        "fixed_ips": [
                            ["subnet_id": .string(subnet), "ip_address": "10.1.0.99"]
                        ],
                    ]
                ])
            #expect(changed["port", "name"] == "p")
            #expect(changed["port", "numa_affinity_policy"] == "socket")
            #expect(changed["port", "security_groups"] == [])
            #expect(changed["port", "fixed_ips"]?.entries.first?["ip_address"] == "10.1.0.99")
            let cleared = try await api.put(path, ["port": ["numa_affinity_policy": nil]])
            #expect(cleared["port", "numa_affinity_policy"] == .null)
            let unsafe = try await api.put(path, ["port": ["port_security_enabled": false]])
            #expect(unsafe.status == 200)
            let read = try await api.send(.delete, "/v2.0/" + path, as: "reader")
            #expect(read.status == 403 && read.errorType == "PolicyNotAuthorized")
            #expect(try await api.send(.delete, "/v2.0/" + path, as: "other").status == 404)
            #expect(try await api.send(.delete, "/v2.0/" + path).status == 204)
            #expect(try await api.get(path).errorType == "PortNotFound")
        }
    }
}
