import ComputeModel
import Foundation
import HostDrivers
import JSON
import SimulatedDrivers
import Testing

struct BadFleet: CustomTestStringConvertible, Sendable {
    let json: String
    let problem: String
    var testDescription: String { problem }
}

@Suite struct FleetDescriptionTests {
    private func read(_ json: String) throws -> FleetDescription {
        try FleetDescription(
            node: JSONValue(parsing: Array(json.utf8)))
    }

    @Test func readsAFullFile() throws {
        let fleet = try read(
            """
            {"hosts": [
              {"name": "a1", "cpus": 16, "memory_mib": 65536, "numa_nodes": 2, "zone": "az1",
               "disk_gib": 500, "pfs": [
                {"vendor_id": "15B3", "product_id": "101d", "vf_product_id": "101e",
                 "physical_network": "physnet1", "vfs": 4, "vdpa": true, "numa_node": 1},
                {"vendor_id": "1af4", "product_id": "1041", "vf_product_id": "1041",
                 "physical_network": null, "vfs": 3, "vdpa": 1, "fixed_mac": true}]},
              {"name": "a2", "cpus": 2, "memory_mib": 1024}]}
            """)
        let first = SimulatedHostSpec(
            name: "a1", cpus: 16, memoryMiB: 65536, diskGiB: 500, numaNodes: 2, zone: "az1",
            pfs: [
                SimulatedPFSpec(
                    vendorID: "15b3", productID: "101d", vfProductID: "101e",
                    physicalNetwork: "physnet1", vfs: 4, vdpa: 4, numaNode: 1),
                SimulatedPFSpec(
                    vendorID: "1af4", productID: "1041", vfProductID: "1041",
                    physicalNetwork: nil, vfs: 3, vdpa: 1, fixedMAC: true),
            ])
        let second = SimulatedHostSpec(name: "a2", cpus: 2, memoryMiB: 1024)
        #expect(fleet == FleetDescription(hosts: [first, second]))
        #expect(second.diskGiB == 10_000)
    }

    static let bad = [
        BadFleet(json: "[]", problem: "fleet: expected a map, found a list"),
        BadFleet(json: "{}", problem: "fleet: hosts: missing; expected a list"),
        BadFleet(
            json: #"{"hosts": []}"#,
            problem: "fleet: hosts: has 0 entries, 1 to 10000 are allowed"),
        BadFleet(
            json: #"{"host": []}"#,
            problem: "fleet: unknown key 'host', did you mean 'hosts'?"),
        BadFleet(
            json: #"{"hosts": [{"name": "a", "cpus": 1, "memory_mb": 512}]}"#,
            problem: "hosts[0] (a): memory_mib: missing; expected an integer"),
        BadFleet(
            json: #"{"hosts": [{"name": "a", "cpus": 1, "memory_mb": 512}]}"#,
            problem: "hosts[0]: unknown key 'memory_mb', did you mean 'memory_mib'?"),
        BadFleet(
            json: #"{"hosts": [{"name": "a", "cpus": 0, "memory_mib": 512}]}"#,
            problem: "hosts[0] (a): cpus: 0 is not within 1 to 4096"),
        BadFleet(
            json: #"{"hosts": [{"name": "a", "cpus": "4", "memory_mib": 512}]}"#,
            problem: "hosts[0] (a): cpus: expected an integer, found text"),
        BadFleet(
            json: #"{"hosts": [{"name": "A b", "cpus": 1, "memory_mib": 512}]}"#,
            problem: "hosts[0] (A b): name: 'A b' is not 1 to 63 lower-case letters, digits,"
                + " '-' and '.'"),
        BadFleet(
            json: #"{"hosts": [{"cpus": 1, "memory_mib": 512}]}"#,
            problem: "hosts[0]: name: missing; expected text"),
        BadFleet(
            json: """
                {"hosts": [{"name": "a", "cpus": 1, "memory_mib": 512},
                           {"name": "a", "cpus": 1, "memory_mib": 512}]}
                """,
            problem: "fleet: hosts[1]: name 'a' is used twice"),
        BadFleet(
            json: #"{"hosts": [{"name": "a", "cpus": 1, "memory_mib": 512, "numa_nodes": 2}]}"#,
            problem: "hosts[0] (a): numa_nodes: 2 nodes need as many cpus"),
        BadFleet(
            json: card(#""vendor_id": 1041"#),
            problem: "hosts[0] (a) pfs[0]: vendor_id: expected four hex digits, found an"
                + " integer; put it in quotes"),
        BadFleet(
            json: card(#""vendor_id": "15bz""#),
            problem: "hosts[0] (a) pfs[0]: vendor_id: '15bz' is not four hex digits"),
        BadFleet(
            json: card(#""vendor_id": "15b3", "vdpa": 9"#),
            problem: "hosts[0] (a) pfs[0]: vdpa: 9 is not within 0 to 2"),
        BadFleet(
            json: card(#""vendor_id": "15b3", "numa_node": 1"#),
            problem: "hosts[0] (a) pfs[0]: numa_node: 1 is not within 0 to 0"),
        BadFleet(
            json: card(#""vendor_id": "15b3", "fixed_mac": "no""#),
            problem: "hosts[0] (a) pfs[0]: fixed_mac: expected true or false, found text"),
        BadFleet(
            json: card(#""vendor_id": "15b3", "physnet": "p""#),
            problem: "hosts[0] (a) pfs[0]: unknown key 'physnet', known are vfs, vdpa, vendor_id,"
                + " product_id, vf_product_id, physical_network, numa_node, fixed_mac"),
        BadFleet(
            json: card(#""vendor_id": "15b3", "phys": "p""#),
            problem: "hosts[0] (a) pfs[0]: unknown key 'phys', did you mean 'physical_network'?"),
    ]

    private static func card(_ keys: String) -> String {
        """
        {"hosts": [{"name": "a", "cpus": 1, "memory_mib": 512, "pfs": [
          {"product_id": "101d", "vf_product_id": "101e", "vfs": 2, \(keys)}]}]}
        """
    }

    @Test(arguments: bad)
    func refuses(_ line: BadFleet) {
        #expect {
            _ = try read(line.json)
        } throws: { error in
            guard case FleetError.invalid(let problems) = error else { return false }
            return problems.contains(line.problem)
        }
    }

    @Test func refusesAKeyGivenTwice() {
        let host: JSONValue = ["name": "a", "cpus": 1, "cpus": 2, "memory_mib": 512]
        #expect(throws: FleetError.invalid(["hosts[0]: key 'cpus' is given twice"])) {
            _ = try FleetDescription(node: ["hosts": [host]])
        }
    }

    @Test func writesWhatItReads() throws {
        let fleet = FleetDescription.standard(hosts: 2)
        let data = try JSONEncoder().encode(fleet)
        #expect(try FleetDescription(node: JSONValue(parsing: Array(data))) == fleet)
        #expect(try JSONDecoder().decode(FleetDescription.self, from: data) == fleet)
    }

    @Test func theStandardFleet() {
        let fleet = FleetDescription.standard(hosts: 12)
        #expect(fleet.hosts.count == 12)
        #expect(fleet.hosts.first?.name == "sim-01")
        #expect(fleet.hosts.last?.name == "sim-12")
        #expect(
            FleetDescription.standard(hosts: 3).hosts.map(\.name) == [
                "sim-1", "sim-2", "sim-3",
            ])
    }
}
