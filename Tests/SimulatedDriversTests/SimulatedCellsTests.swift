import ComputeModel
import HostDrivers
import JSON
import SimulatedDrivers
import TestSupport
import Testing

@Suite("NUMA cells of simulated hosts", .endsTheHung)
struct SimulatedCellsTests {
    private func read(_ keys: String) throws -> SimulatedHostSpec {
        let json = """
            {"hosts": [{"name": "a", "cpus": 9, "memory_mib": 4096, "numa_nodes": 2, \(keys)}]}
            """
        let fleet = try FleetDescription(
            node: JSONValue(parsing: Array(json.utf8)))
        return try #require(fleet.hosts.first)
    }

    private static let pages = #""huge_pages": [{"size_kib": 2048, "count": 5}]"#

    @Test("dedicated CPUs and pages are spread evenly")
    func spread() async throws {
        let spec = try read(#""dedicated_cpus": 5, "sockets": 1, "# + Self.pages)
        #expect(spec.hugePages == [SimulatedPagesSpec(sizeKiB: 2_048, count: 5)])
        let cells = try await SimulatedHost(spec).drivers().hypervisor.probe().numaCells
        #expect(cells.map(\.dedicatedCPUs) == [[1, 2, 3], [7, 8]])
        #expect(cells.map { $0.hugePages?.map(\.count) } == [[3], [2]])
        #expect(cells.map(\.socket) == [0, 0])
        let all = try read(#""dedicated_cpus": 9"#)
        let full = try await SimulatedHost(all).drivers().hypervisor.probe().numaCells
        #expect(full.map(\.dedicatedCPUs) == full.map(\.cpus))
        #expect(full.map(\.socket) == [0, 1])
    }

    @Test(
        "refusals",
        arguments: [
            (#""dedicated_cpus": 10"#, "hosts[0] (a): dedicated_cpus: 10 is not within 0 to 9"),
            (#""sockets": 3"#, "hosts[0] (a): sockets: 3 is not within 0 to 2"),
            (
                #""huge_pages": [{"size_kib": 2048, "count": 2050}]"#,
                "hosts[0] (a): huge_pages: take 2050 MiB of a node that has 2048"
            ),
            (
                #""huge_pages": [{"size_kib": 3000, "count": 1}]"#,
                "hosts[0] (a) huge_pages[0]: size_kib: 3000 is no power of two"
            ),
            (
                #""huge_pages": [{"size": 2048, "count": 1}]"#,
                "hosts[0] (a) huge_pages[0]: size_kib: missing; expected an integer"
            ),
        ])
    func refuses(_ keys: String, _ problem: String) {
        #expect {
            _ = try read(keys)
        } throws: { error in
            guard case FleetError.invalid(let problems) = error else { return false }
            return problems.contains(problem)
        }
    }

    // MARK: Double booking

    private func plan(_ name: String, _ node: NUMACellPlacement) -> GuestPlan {
        var plan = GuestPlan(
            instanceID: InstanceID(name), generation: 1, name: name, title: name,
            vcpus: node.vcpus.count, memoryMiB: node.memoryMiB, disks: [], configDrivePath: "/c",
            consoleLogPath: "/l", interfaces: [])
        plan.numa = NUMAPlacement(cells: [node])
        return plan
    }

    private func node(_ cpus: [Int], cell: Int = 0, pages: Int? = nil) -> NUMACellPlacement {
        NUMACellPlacement(
            hostCell: cell, vcpus: Array(cpus.indices), memoryMiB: pages.map { $0 * 2 } ?? 4,
            pageSizeKiB: pages == nil ? nil : 2_048,
            pins: cpus.enumerated().map { CPUPin(vcpu: $0, hostCPU: $1) })
    }

    /// A host with room for one more guest's CPUs and two more pages, on which `first` runs.
    private func started(_ drivers: HostDriverSet, _ plan: GuestPlan) async throws {
        let image = GuestImage(
            id: ImageID("i"), format: "raw", sizeBytes: 1, virtualSizeBytes: 1, sha512: "")
        try await drivers.storage.prepare(
            .root(build: 0), of: plan.instanceID, image: image, sizeGiB: 1
        ) { _, receive async throws(DriverError) in
            do {
                try await receive([0])
            } catch {
                Issue.record(error)
            }
        }
        try await drivers.storage.writeConfigDrive(
            plan.instanceID,
            guest: GuestDefinition(
                name: "n", displayName: "n", hostname: "n", projectID: ProjectID("p"),
                userID: UserID("u"), vcpus: 1, memoryMiB: 1, diskGiB: 1, image: image,
                availabilityZone: "z"))
        try await drivers.hypervisor.define(plan)
        try await drivers.hypervisor.start(plan.instanceID)
    }

    @Test(
        "a guest doesn't start on CPUs or pages that another one has, and does once they are free")
    func doubleBooking() async throws {
        let spec = try read(#""dedicated_cpus": 6, "# + Self.pages)
        let drivers = SimulatedHost(spec).drivers()
        var first = node([1], pages: 2)
        first.idleCPUs = [2]
        try await started(drivers, plan("first", first))
        let wrong: [(NUMACellPlacement, String)] = [
            (node([3, 1]), "CPU 1 is pinned by another guest"),
            (node([2]), "CPU 2 is pinned by another guest"),
            (node([0]), "CPU 0 is not among the dedicated ones of cell 0"),
            (node([3, 3]), "two of its vCPUs are pinned to one CPU"),
            (node([3], cell: 4), "there is no NUMA cell 4"),
            (node([3], pages: 2), "cell 0 has 1 pages of 2048 KiB free, and 2 are needed"),
        ]
        for (number, line) in wrong.enumerated() {
            await #expect {
                try await started(drivers, plan("wrong-\(number)", line.0))
            } throws: {
                "\($0)".contains(line.1)
            }
        }
        try await started(drivers, plan("right", node([3], pages: 1)))
        try await drivers.hypervisor.destroy(InstanceID("first"))
        try await drivers.hypervisor.start(InstanceID("wrong-1"))
    }
}
