import ComputeModel
import Scheduler
import Testing

/// Flavor and image of a guest with 4 vCPUs and 4 GiB, and what is read from them.
private struct Reading: CustomTestStringConvertible, Sendable {
    var flavor: [String: String] = [:]
    var image: [String: String] = [:]
    var cells: [GuestCell]?
    var policy = CPUPolicy.shared
    var threads = CPUThreadPolicy.prefer
    var page = PageSizeDemand.small

    var testDescription: String { "\(flavor) \(image)" }

    static let whole = [GuestCell(vcpus: [0, 1, 2, 3], memoryMiB: 4_096)]
    static let halves = [
        GuestCell(vcpus: [0, 1], memoryMiB: 2_048), GuestCell(vcpus: [2, 3], memoryMiB: 2_048),
    ]
    static let thirds = [
        GuestCell(vcpus: [0, 2, 3], memoryMiB: 3_072), GuestCell(vcpus: [1], memoryMiB: 1_024),
    ]
    static let uneven = [
        "hw:numa_nodes": "2", "hw:numa_cpus.0": "0,2-3", "hw:numa_cpus.1": "1",
        "hw:numa_mem.0": "3072", "hw:numa_mem.1": "1024",
    ]
}

private struct Refusal: CustomTestStringConvertible, Sendable {
    var flavor: [String: String] = [:]
    var image: [String: String] = [:]
    let says: String

    var testDescription: String { says }
}

@Suite("a guest's topology from flavor and image")
struct GuestTopologyTests {
    private static func parse(
        _ flavor: [String: String], _ image: [String: String]
    ) throws(TopologyError) -> GuestTopology? {
        try GuestTopology.parse(
            extraSpecs: flavor, imageProperties: image, vcpus: 4, memoryMiB: 4_096)
    }

    @Test(
        "what is asked for",
        arguments: [
            Reading(),
            Reading(flavor: ["hw:cpu_policy": "shared", "other": "x", "hw:watchdog": "reset"]),
            Reading(flavor: ["hw:numa_nodes": "1"], cells: Reading.whole),
            Reading(flavor: ["hw:numa_nodes": "2"], cells: Reading.halves),
            Reading(image: ["hw_numa_nodes": "2"], cells: Reading.halves),
            Reading(
                flavor: ["hw:numa_nodes": "2"], image: ["hw_numa_nodes": "2"],
                cells: Reading.halves),
            Reading(flavor: Reading.uneven, cells: Reading.thirds),
            Reading(
                flavor: ["hw:numa_nodes": "2"],
                image: [
                    "hw_numa_cpus.0": "0-3,^1", "hw_numa_cpus.1": "1", "hw_numa_mem.0": "3072",
                    "hw_numa_mem.1": "1024",
                ], cells: Reading.thirds),
            Reading(
                flavor: ["hw:cpu_policy": "dedicated"], cells: Reading.whole, policy: .dedicated),
            Reading(
                image: ["hw_cpu_policy": "dedicated"], cells: Reading.whole, policy: .dedicated),
            Reading(
                flavor: ["hw:cpu_policy": "dedicated"], image: ["hw_cpu_policy": "shared"],
                cells: Reading.whole, policy: .dedicated),
            Reading(flavor: ["hw:cpu_policy": "shared"], image: ["hw_cpu_policy": "shared"]),
            Reading(
                flavor: ["hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "require"],
                cells: Reading.whole, policy: .dedicated, threads: .require),
            Reading(
                flavor: ["hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "prefer"],
                image: ["hw_cpu_thread_policy": "isolate"], cells: Reading.whole,
                policy: .dedicated, threads: .isolate),
            Reading(
                flavor: ["hw:cpu_policy": "dedicated"], image: ["hw_cpu_thread_policy": "isolate"],
                cells: Reading.whole, policy: .dedicated, threads: .isolate),
            Reading(flavor: ["hw:mem_page_size": "small"], cells: Reading.whole),
            Reading(flavor: ["hw:mem_page_size": "4"], cells: Reading.whole),
            Reading(flavor: ["hw:mem_page_size": "large"], cells: Reading.whole, page: .large),
            Reading(flavor: ["hw:mem_page_size": "any"], cells: Reading.whole, page: .any),
        ])
    private func reads(_ line: Reading) throws {
        let topology = try Self.parse(line.flavor, line.image)
        #expect(topology?.cells == line.cells)
        guard let topology else { return }
        #expect(topology.cpuPolicy == line.policy)
        #expect(topology.threadPolicy == line.threads)
        #expect(topology.pageSize == line.page)
    }

    @Test(
        "sizes of pages",
        arguments: [
            ("2048", 2_048), ("2048KB", 2_048), ("2MB", 2_048), ("2M", 2_048), ("2MiB", 2_048),
            ("1GB", 1 << 20), ("1G", 1 << 20), ("64K", 64),
        ])
    func pageSizes(_ text: String, _ kib: Int) throws {
        #expect(try Self.parse(["hw:mem_page_size": text], [:])?.pageSize == .size(kib: kib))
    }

    @Test(
        "an image narrows what the flavor opened",
        arguments: [
            ("any", "any", .any), ("any", "small", .small), ("any", "large", .large),
            ("any", "2MB", .size(kib: 2_048)), ("large", "large", .large),
            ("large", "2048", .size(kib: 2_048)), ("2MB", "2048", .size(kib: 2_048)),
            ("small", "small", .small),
        ] as [(String, String, PageSizeDemand)])
    func pagesOfImages(_ flavor: String, _ image: String, _ expected: PageSizeDemand) throws {
        let topology = try Self.parse(
            ["hw:mem_page_size": flavor], ["hw_mem_page_size": image])
        #expect(topology?.pageSize == expected)
    }

    @Test(
        "an image can't open pages by itself, nor others than the flavor's",
        arguments: [
            (nil, "large"), (nil, "small"), ("small", "large"), ("large", "small"),
            ("large", "any"), ("2MB", "1GB"), ("2MB", "any"),
        ] as [(String?, String)])
    func closedPages(_ flavor: String?, _ image: String) {
        let error = #expect(throws: TopologyError.self) {
            var specs: [String: String] = [:]
            specs["hw:mem_page_size"] = flavor
            _ = try Self.parse(specs, ["hw_mem_page_size": image])
        }
        guard case .image("hw_mem_page_size", image, "hw:mem_page_size", flavor, _)? = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
    }

    private static let divided = [
        "hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_mem.0": "1",
    ]

    @Test(
        "refusals",
        arguments: [
            Refusal(
                flavor: ["hw:numa_nodes": "0"],
                says: "'hw:numa_nodes' is '0', expected a number from 1 to 8."),
            Refusal(
                flavor: ["hw:numa_nodes": "9"],
                says: "'hw:numa_nodes' is '9', expected a number from 1 to 8."),
            Refusal(
                image: ["hw_numa_nodes": "two"],
                says: "'hw_numa_nodes' is 'two', expected a number from 1 to 8."),
            Refusal(
                flavor: ["hw:numa_nodes": "1"], image: ["hw_numa_nodes": "2"],
                says: "The image's 'hw_numa_nodes' is '2' and the flavor's 'hw:numa_nodes' is '1':"
                    + " expected both alike, or one of them alone."),
            Refusal(
                flavor: ["hw:numa_nodes": "3"],
                says: "'hw:numa_nodes' is '3', expected a number that divides the flavor's 4"
                    + " vCPUs, or 'hw:numa_cpus.N' and 'hw:numa_mem.N' for each node."),
            Refusal(
                flavor: divided,
                says: "'hw:numa_cpus.1' is missing: 'hw:numa_cpus.0' is given, so every node needs"
                    + " both."),
            Refusal(
                flavor: ["hw:numa_nodes": "1", "hw:numa_mem.0": "4096"],
                says: "'hw:numa_cpus.0' is missing: 'hw:numa_mem.0' is given, so every node needs"
                    + " both."),
            Refusal(
                flavor: divided.merging(["hw:numa_cpus.2": "1"]) { $1 },
                says: "'hw:numa_cpus.2' is '1', expected a node from 0 to 1 in the key, as"
                    + " 'hw:numa_nodes' is 2."),
            Refusal(
                flavor: ["hw:numa_cpus.0": "0-3"],
                says: "'hw:numa_nodes' is missing: 'hw:numa_cpus.0' divides the guest into nodes."),
            Refusal(
                flavor: Reading.uneven.merging(["hw:numa_cpus.1": "1-2"]) { $1 },
                says: "'hw:numa_cpus.1' is '1-2', expected no vCPU of 'hw:numa_cpus.0', which has 2"
                    + " too."),
            Refusal(
                flavor: Reading.uneven.merging(["hw:numa_cpus.1": "4"]) { $1 },
                says: "'hw:numa_cpus.1' is '4', expected vCPUs from 0 to 3, such as '0-1,3'."),
            Refusal(
                flavor: Reading.uneven.merging(["hw:numa_cpus.0": "0,2"]) { $1 },
                says: "'hw:numa_cpus.1' is '1', expected each of the flavor's 4 vCPUs in one node;"
                    + " 3 is in none."),
            Refusal(
                flavor: Reading.uneven.merging(["hw:numa_mem.1": "1025"]) { $1 },
                says: "'hw:numa_mem.1' is '1025', expected all nodes together to have the flavor's"
                    + " 4096 MiB, not 4097."),
            Refusal(
                flavor: Reading.uneven.merging(["hw:numa_mem.1": "0"]) { $1 },
                says: "'hw:numa_mem.1' is '0', expected 1 to the flavor's 4096 MiB."),
            Refusal(
                flavor: Reading.uneven, image: ["hw_numa_mem.1": "512"],
                says: "The image's 'hw_numa_mem.1' is '512' and the flavor's 'hw:numa_mem.1' is"
                    + " '1024': expected both alike, or one of them alone."),
            Refusal(
                flavor: ["hw:cpu_policy": "mixed"],
                says: "'hw:cpu_policy' is 'mixed', expected one of shared, dedicated."),
            Refusal(
                flavor: ["hw:cpu_policy": "shared"], image: ["hw_cpu_policy": "dedicated"],
                says: "The image's 'hw_cpu_policy' is 'dedicated' and the flavor's 'hw:cpu_policy'"
                    + " is 'shared': expected 'shared', or a flavor that doesn't say."),
            Refusal(
                flavor: ["hw:cpu_thread_policy": "isolate"],
                says: "'hw:cpu_policy' is missing: 'hw:cpu_thread_policy' is 'isolate', which needs"
                    + " 'dedicated'."),
            Refusal(
                flavor: ["hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "isolate"],
                image: ["hw_cpu_thread_policy": "prefer"],
                says: "The image's 'hw_cpu_thread_policy' is 'prefer' and the flavor's"
                    + " 'hw:cpu_thread_policy' is 'isolate': expected 'isolate', or none."),
            Refusal(
                flavor: ["hw:mem_page_size": "3MB"],
                says: "'hw:mem_page_size' is '3MB', expected 'small', 'large', 'any' or the size of"
                    + " a page, such as '2048' (KiB), '2MB' or '1GB'."),
            Refusal(
                flavor: ["hw:mem_page_size": "8GB"],
                says: "'hw:mem_page_size' is '8GB', expected a size that divides a node's 4096"
                    + " MiB."),
        ])
    private func refuses(_ line: Refusal) {
        let error = #expect(throws: TopologyError.self) {
            _ = try Self.parse(line.flavor, line.image)
        }
        #expect(error?.description == line.says)
    }

    @Test(
        "values that no number can be", arguments: ["99999999999999999999", "-2MB", "MB", "", "²"])
    func hostileSizes(_ text: String) {
        #expect(throws: TopologyError.self) {
            _ = try Self.parse(["hw:mem_page_size": text], [:])
        }
    }

    @Test("a long value is cut in the message")
    func longValue() {
        let error = #expect(throws: TopologyError.self) {
            _ = try Self.parse(["hw:numa_nodes": String(repeating: "9", count: 10_000)], [:])
        }
        #expect((error?.description.count ?? 0) < 200)
    }

    @Test("affinity of devices")
    func affinity() throws {
        let key = "hw:pci_numa_affinity_policy"
        let property = "hw_pci_numa_affinity_policy"
        for policy in NUMAAffinityPolicy.allCases {
            let text = policy.rawValue
            for (specs, image) in [([key: text], [:]), ([:], [property: text])]
                + [([key: text], [property: text])]
            {
                #expect(
                    try NUMAAffinityPolicy.parse(extraSpecs: specs, imageProperties: image)
                        == policy)
            }
        }
        #expect(try NUMAAffinityPolicy.parse(extraSpecs: [:], imageProperties: [:]) == nil)
        #expect(
            throws: TopologyError.image(
                key: property, found: "legacy", flavorKey: key, flavorValue: "required",
                expected: "both alike, or one of them alone")
        ) {
            _ = try NUMAAffinityPolicy.parse(
                extraSpecs: [key: "required"], imageProperties: [property: "legacy"])
        }
        #expect(throws: TopologyError.self) {
            _ = try NUMAAffinityPolicy.parse(extraSpecs: [key: "near"], imageProperties: [:])
        }
    }
}
