import ComputeModel
import Conductor
import Foundation
import HTTPTypes
import JSON
import Persistence
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// `/ports/{id}/bindings`: a server's port on h1, with h2 beside it.
@Suite struct PortBindingAPITests {
    private struct Cloud {
        let bed: ComputeAPITestbed
        let instance: Instance
        let portID: String
    }

    /// Makes the port and the server, then talks.
    private static func talk(
        _ body: @escaping @Sendable (Cloud, NetworkAPIClient) async throws -> Void
    ) async throws {
        let bed = try await ComputeAPITestbed()
        let instance = try await bed.put("s1")
        try await bed.context.documents.transact { transaction in
            for name in ["h1", "h2"] {
                try transaction.insert(
                    ComputeHost(
                        id: HostID(name == "h1" ? "h" : name), name: name, zone: "nova",
                        createdAt: ComputeAPITestbed.time))
            }
        }
        try await bed.talk { client in
            let network = NetworkAPIClient(client: client.client)
            let (net, _) = try await network.makeNetwork()
            let port = try await network.makePort([
                "network_id": .string(net), "binding:vnic_type": "vdpa",
            ])
            let portID = try #require(port["id"]?.text)
            try await bed.context.documents.mutate(NetworkPort.self, portID) {
                $0.deviceID = instance.id.text
                $0.deviceOwner = "compute:nova"
                $0.binding = PortBinding(
                    hostID: HostID("h"), hostName: "h1", deviceID: DeviceID("d"),
                    pciVendorInfo: "15b3:101e", pciSlot: "0000:06:02.0",
                    physicalNetwork: "physnet1")
            }
            try await body(Cloud(bed: bed, instance: instance, portID: portID), network)
        }
    }

    private static func add(
        _ cloud: Cloud, _ api: NetworkAPIClient, _ members: JSONValue = ["host": "h2"]
    ) async throws -> NetworkAPIAnswer {
        try await api.post("ports/\(cloud.portID)/bindings", ["binding": members], as: "admin")
    }

    @Test func theActiveOneIsShown() async throws {
        try await Self.talk { cloud, api in
            let path = "ports/\(cloud.portID)/bindings"
            let list = try await api.get(path, as: "admin")
            let expected: JSONValue = [
                "host": "h1",
                "profile": [
                    "pci_slot": "0000:06:02.0", "pci_vendor_info": "15b3:101e",
                    "physical_network": "physnet1",
                ], "project_id": .string(NetworkTokens.project.text), "status": "ACTIVE",
                "vif_details": PortProfile.vifDetails, "vif_type": "ovs", "vnic_type": "vdpa",
            ]
            #expect(list["bindings"]?.inOrder == .array([expected.inOrder]))
            let one = try await api.get(path + "/h1", as: "admin")
            #expect(one["binding"]?.inOrder == expected.inOrder)
            for missing in [path + "/h2", "ports/none/bindings", "ports/none/bindings/h1"] {
                let none = try await api.get(missing, as: "admin")
                #expect(none.status == 404 && none.errorType == "PortNotFound", "\(missing)")
            }
            let extensions = try await api.get("extensions/binding-extended")
            #expect(extensions.status == 200)
        }
    }

    @Test func onlyAdministratorsSeeBindings() async throws {
        try await Self.talk { cloud, api in
            let path = "/v2.0/ports/\(cloud.portID)/bindings"
            let calls: [(HTTPRequest.Method, String)] = [
                (.get, path), (.post, path), (.get, path + "/h1"), (.put, path + "/h1"),
                (.put, path + "/h1/activate"), (.delete, path + "/h1"),
            ]
            for (method, path) in calls {
                let answer = try await api.send(method, path, ["binding": ["host": "h2"]])
                #expect(answer.status == 403, "\(method) \(path)")
            }
        }
    }

    @Test func aSecondOneIsMadeChangedAndRemoved() async throws {
        try await Self.talk { cloud, api in
            let path = "ports/\(cloud.portID)/bindings"
            let made = try await Self.add(
                cloud, api,
                ["host": "h2", "vnic_type": "vdpa", "profile": ["pci_slot": "0000:07:00.1"]])
            #expect(made.status == 201)
            #expect(made["binding", "status"] == "INACTIVE")
            #expect(made["binding", "profile", "pci_slot"] == "0000:07:00.1")
            let twice = try await Self.add(cloud, api)
            #expect(twice.status == 409)
            let port = try await api.get("ports/\(cloud.portID)", as: "admin")
            #expect(port["port", "binding:host_id"] == "h1")
            let changed = try await api.put(
                path + "/h2", ["binding": ["profile": ["pci_slot": "0000:07:00.2"]]], as: "admin")
            #expect(changed["binding", "profile", "pci_slot"] == "0000:07:00.2")
            let list = try await api.get(path, as: "admin")
            #expect(list["bindings"]?.entries.map { $0["host"] } == ["h1", "h2"])
            let gone = try await api.send(.delete, "/v2.0/\(path)/h2", as: "admin")
            #expect(gone.status == 204)
            let left = try await api.get(path + "/h2", as: "admin")
            #expect(left.status == 404)
        }
    }

    @Test(
        arguments: [
            ([:], 400), (["host": "h9"], 400), (["host": "h1"], 409), (["hots": "h2"], 400),
            (["host": "h2", "vnic_type": "direct"], 400),
            (["host": "h2", "vnic_type": "warp"], 400),
            (["host": "h2", "profile": ["migrating_to": "h2"]], 400),
            (["host": "h2", "profile": ["pci_slot": 7]], 400),
        ] as [(JSONValue, Int)])
    func wrongOnesAreRefused(members: JSONValue, status: Int) async throws {
        try await Self.talk { cloud, api in
            let answer = try await Self.add(cloud, api, members)
            #expect(answer.status == status)
        }
    }

    @Test func onlyPortsOfPlacedServersHaveSecondOnes() async throws {
        try await Self.talk { cloud, api in
            try await cloud.bed.context.documents.mutate(NetworkPort.self, cloud.portID) {
                $0.binding = nil
            }
            #expect(try await Self.add(cloud, api).status == 409)
            try await cloud.bed.context.documents.mutate(NetworkPort.self, cloud.portID) {
                $0.deviceID = ""
                $0.deviceOwner = ""
            }
            #expect(try await Self.add(cloud, api).status == 400)
        }
    }

    /// By hand nothing is done to the binding that a guest uses.
    @Test func theActiveOneIsMillraces() async throws {
        try await Self.talk { cloud, api in
            let path = "/v2.0/ports/\(cloud.portID)/bindings"
            let change = try await api.send(
                .put, path + "/h1", ["binding": ["profile": [:]]], as: "admin")
            #expect(change.status == 409 && change.errorType == "PortBound")
            let removal = try await api.send(.delete, path + "/h1", as: "admin")
            #expect(removal.status == 409)
            let again = try await api.send(.put, path + "/h1/activate", as: "admin")
            #expect(again.status == 409)
            #expect(try await Self.add(cloud, api).status == 201)
            let elsewhere = try await api.send(.put, path + "/h2/activate", as: "admin")
            #expect(elsewhere.status == 409)
            #expect(
                elsewhere["NeutronError", "message"]?.text?.contains("is on host h1") == true)
        }
    }

    /// A server that is on h2, while its port's active binding is still on h1.
    @Test func activatingSwapsThem() async throws {
        try await Self.talk { cloud, api in
            #expect(try await Self.add(cloud, api).status == 201)
            try await cloud.bed.context.documents.mutate(
                Instance.self, cloud.instance.id.text
            ) { $0.hostID = HostID("h2") }
            let path = "/v2.0/ports/\(cloud.portID)/bindings"
            let active = try await api.send(.put, path + "/h2/activate", as: "admin")
            #expect(active.status == 200)
            #expect(active["binding", "status"] == "ACTIVE")
            let old = try await api.send(.get, path + "/h1", as: "admin")
            #expect(old["binding", "status"] == "INACTIVE")
            let port = try await api.get("ports/\(cloud.portID)", as: "admin")
            #expect(port["port", "binding:host_id"] == "h2")
            #expect(port["port", "status"] == "DOWN")
        }
    }

    /// A migration's bindings are its own until it is over, and the refusal names it.
    @Test func aMigrationOwnsBoth() async throws {
        try await Self.talk { cloud, api in
            let migration = try await cloud.bed.putMigration(1, of: cloud.instance)
            #expect(try await Self.add(cloud, api).status == 201)
            try await cloud.bed.context.documents.mutate(
                Instance.self, cloud.instance.id.text
            ) {
                $0.migrationID = migration.id
                $0.hostID = HostID("h2")
            }
            let path = "/v2.0/ports/\(cloud.portID)/bindings"
            let calls: [(HTTPRequest.Method, String)] = [
                (.put, path + "/h2"), (.put, path + "/h2/activate"), (.delete, path + "/h2"),
                (.delete, path + "/h1"),
            ]
            for (method, path) in calls {
                let answer = try await api.send(
                    method, path, ["binding": ["profile": [:]]], as: "admin")
                #expect(answer.status == 409, "\(method) \(path)")
                let message = answer["NeutronError", "message"]?.text ?? ""
                #expect(message.contains("\(migration.id) (live-migration, running)"))
            }
        }
    }
}
