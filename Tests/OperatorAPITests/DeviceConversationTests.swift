import ComputeModel
import Conductor
import RequestPipeline
import Testing

@Suite struct DeviceConversationTests {
    @Test func devicesAreListedByAddressWithTheVanishedLast() async throws {
        try await OperatorTestbed().talk { client in
            let devices = try await client.send(.get, "/v1/devices")
            #expect(
                devices.column("devices", "id")
                    == ["pf-1", "vdpa-1", "vdpa-2", "vdpa-3", "gone-1"])
            #expect(
                devices.column("devices", "state")
                    == ["unavailable", "allocated", "available", "unavailable", "claimed"])
            let reason = devices.at("devices.0.reason")
            #expect(reason == "its child 0000:65:00.1 is owned by instance instance-1")
            #expect(devices.at("devices.0.numa_node") == 1)
            #expect(devices.at("devices.3.reason") == "no representor")
            #expect(devices.at("devices.3.problems") == ["no representor"])
        }
    }

    @Test func anOwnedDeviceNamesItsOwner() async throws {
        try await OperatorTestbed().talk { client in
            let devices = try await client.send(.get, "/v1/devices?state=allocated")
            #expect(
                devices.at("devices.0") == [
                    "address": "0000:65:00.1", "alias": nil, "capabilities": nil,
                    "card_serial": nil, "host": "compute-1",
                    "host_id": .string(FleetDocuments.first.text), "id": "vdpa-1",
                    "instance_id": "instance-1", "interface_name": nil, "kind": "vdpa",
                    "mac_address": "fa:16:3e:00:00:01", "mac_settable": true, "numa_node": nil,
                    "parent_address": "0000:65:00.0", "physical_network": "physnet1",
                    "port_id": "port-1", "problems": [], "product_id": "101e", "reason": nil,
                    "representor": nil, "state": "allocated", "tags": nil, "vdpa_name": "vdpa1",
                    "vendor_id": "15b3",
                ])
        }
    }

    @Test func aVanishedDeviceIsKnownFromItsPort() async throws {
        try await OperatorTestbed().talk { client in
            let devices = try await client.send(.get, "/v1/devices?state=claimed&kind=vdpa")
            #expect(devices.column("devices", "id") == ["gone-1"])
            #expect(devices.at("devices.0.instance_id") == "instance-2")
            #expect(devices.at("devices.0.address") == "0000:66:00.2")
            #expect(devices.at("devices.0.physical_network") == "physnet1")
            #expect(devices.at("devices.0.product_id") == "101e")
            guard case .string(let problem)? = devices.at("devices.0.problems.0") else {
                Issue.record("no problem in \(devices.json)")
                return
            }
            #expect(problem.hasPrefix("vanished: host compute-1 doesn't report this device"))
        }
    }

    @Test(arguments: [
        ("host=compute-1&kind=pf", ["pf-1"]),
        ("host=compute-2", []),
        ("host=aaaaaaaa-0000-4000-8000-000000000001&state=available", ["vdpa-2"]),
        ("physical_network=PHYSNET1", ["vdpa-1", "vdpa-2", "gone-1"]),
        ("kind=VF", []),
        ("kind=vdpa&state=unavailable", ["vdpa-3"]),
    ])
    func filtersAreAppliedTogether(query: String, ids: [String]) async throws {
        try await OperatorTestbed().talk { client in
            let devices = try await client.send(.get, "/v1/devices?\(query)")
            #expect(devices.status == 200)
            #expect(devices.column("devices", "id") == ids.map { .string($0) })
        }
    }

    @Test func devicesOfAnUnknownHostAreNotAnEmptyList() async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.get, "/v1/devices?host=compute-9")
            #expect(answer.status == 404)
        }
    }
}
