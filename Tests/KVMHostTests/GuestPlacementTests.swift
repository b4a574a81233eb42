import ComputeModel
import HostDrivers
import TestSupport
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("placements of guests on the host's cells")
struct GuestPlacementTests {
    /// Cell 0 with CPUs 0 to 3 and cell 1 with 4 to 7, of which the last two are dedicated.
    private static let cells: [NUMACell] = (0..<2).map { number in
        let first = number * 4
        var cell = NUMACell(id: number, cpus: Array(first..<first + 4), memoryMiB: 4_096)
        cell.dedicatedCPUs = [first + 2, first + 3]
        return cell
    }

    /// A guest of 2 vCPUs and 256 MiB.
    private static func plan(_ cells: [NUMACellPlacement]?) -> GuestPlan {
        var plan = GuestPlan.sample()
        plan.numa = cells.map { NUMAPlacement(cells: $0) }
        return plan
    }

    private static func node(
        _ hostCell: Int, _ vcpus: [Int], _ memoryMiB: Int, page: Int? = nil, cpus: [Int] = []
    ) -> NUMACellPlacement {
        NUMACellPlacement(
            hostCell: hostCell, vcpus: vcpus, memoryMiB: memoryMiB, pageSizeKiB: page,
            pins: zip(vcpus, cpus).map { CPUPin(vcpu: $0, hostCPU: $1) })
    }

    private static func pin(_ vcpu: Int, _ cpus: [Int]) -> DomainPlacement.Pin {
        DomainPlacement.Pin(vcpu: vcpu, hostCPUs: cpus)
    }

    @Test("a guest that floats keeps away from dedicated CPUs, where there are any")
    func floating() throws {
        let plan = Self.plan(nil)
        #expect(try plan.placement(on: Self.cells) == DomainPlacement(cpuSet: [0, 1, 4, 5]))
        let plain = [NUMACell(id: 0, cpus: [0, 1], memoryMiB: 1)]
        #expect(try plan.placement(on: plain) == DomainPlacement())
        var configuration = KVMHostConfiguration(stateDirectory: "/state")
        #expect(!plan.needsCells(configuration))
        configuration.dedicatedCPUs = [3]
        #expect(plan.needsCells(configuration))
    }

    @Test("shared CPUs: one node by the CPU set, several by a pin for each vCPU")
    func shared() throws {
        #expect(
            try Self.plan([Self.node(1, [0, 1], 256)]).placement(on: Self.cells)
                == DomainPlacement(
                    cpuSet: [4, 5],
                    cells: [DomainPlacement.Cell(vcpus: [0, 1], memoryMiB: 256, hostNode: 1)]))
        let two = try Self.plan([Self.node(1, [1], 128), Self.node(0, [0], 128)])
            .placement(on: Self.cells)
        #expect(two.cpuSet == [0, 1, 4, 5])
        #expect(two.pins == [Self.pin(0, [0, 1]), Self.pin(1, [4, 5])])
        #expect(two.cells.map(\.hostNode) == [1, 0])
    }

    @Test("dedicated CPUs: pins, and QEMU's own threads on shared CPUs nearby")
    func dedicated() throws {
        let node = Self.node(0, [0, 1], 256, page: 2_048, cpus: [2, 3])
        let placed = try Self.plan([node]).placement(on: Self.cells)
        #expect(placed.cpuSet.isEmpty)
        #expect(placed.pins == [Self.pin(0, [2]), Self.pin(1, [3])])
        #expect(placed.emulatorCPUs == [0, 1])
        #expect(placed.cells.map(\.hugePageKiB) == [2_048])
        var alone = Self.cells
        alone[0].dedicatedCPUs = alone[0].cpus
        #expect(try Self.plan([node]).placement(on: alone).emulatorCPUs == [2, 3])
    }

    @Test(
        "placements that the host can't give",
        arguments: [
            ([node(2, [0, 1], 256)], "the host has no NUMA cell 2"),
            (
                [node(0, [0, 1], 256, cpus: [2, 6])],
                "NUMA cell 0 of the host has no CPU 6 to give"
            ),
            ([node(0, [0], 256)], "its NUMA nodes don't add up to 2 vCPUs and 256 MiB"),
            ([node(0, [0, 1], 255)], "its NUMA nodes don't add up to 2 vCPUs and 256 MiB"),
            (
                [node(0, [0, 1], 256, cpus: [2])],
                "its NUMA node on cell 0 doesn't pin each of its vCPUs"
            ),
            (
                [node(0, [0, 1], 256, cpus: [2, 2])],
                "two of its vCPUs are pinned to one CPU of the host"
            ),
        ])
    private func refused(_ nodes: [NUMACellPlacement], _ why: String) async {
        let error = #expect(throws: DriverError.self) {
            _ = try Self.plan(nodes).placement(on: Self.cells)
        }
        #expect(error?.description.contains(why) == true)
    }

    @Test("a cell whose CPUs are all dedicated has no place for shared ones")
    func nothingShared() {
        var cells = Self.cells
        for index in cells.indices { cells[index].dedicatedCPUs = cells[index].cpus }
        for nodes in [nil, [Self.node(0, [0, 1], 256)]] {
            #expect(throws: DriverError.self) { _ = try Self.plan(nodes).placement(on: cells) }
        }
    }

    @Test("a placed guest on libvirt's test driver")
    func testDriver() async throws {
        try await TemporaryFolder.use { folder in
            let hypervisor = try await KVMHypervisor.onTestDriver(folder)
            let cell = try #require(try await hypervisor.probe().numaCells.first)
            let cpus = Array(cell.cpus.prefix(2))
            let plan = Self.plan([Self.node(cell.id, [0, 1], 256, cpus: cpus)])
            try await hypervisor.define(plan)
            try await hypervisor.start(plan.instanceID)
            let call = try GuestCall("test", plan.instanceID)
            let xml = try await hypervisor.session.run { connection throws(LibvirtError) in
                try await connection.xml(call.uuid)
            }
            for line in [
                "<vcpupin vcpu='1' cpuset='\(cpus[1])'/>",
                "<memnode cellid='0' mode='strict' nodeset='\(cell.id)'/>",
            ] {
                #expect(xml.contains(line))
            }
            await expect(.refused) {
                try await hypervisor.define(Self.plan([Self.node(77, [0, 1], 256)]))
            }
        }
    }
}
