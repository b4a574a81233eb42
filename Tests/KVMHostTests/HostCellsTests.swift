import ComputeModel
import Testing

@testable import KVMHost
@testable import Libvirt

@Suite("the host's NUMA cells as guests get them")
struct HostCellsTests {
    /// Two cells of four CPUs and 4 GiB; cell 1 has 512 pages of 2 MiB.
    private static func cells(
        dedicated: [Int] = [], reservedCPUs: Int = 0, reservedMemoryMiB: Int = 0
    ) -> HostCells {
        var first = NodeNUMACell(id: 0, memoryMiB: 4_096, cpuIDs: [0, 2, 4, 6])
        first.socketID = 0
        first.siblings = [[0, 4], [2, 6]]
        var second = NodeNUMACell(id: 1, memoryMiB: 4_096, cpuIDs: [1, 3, 5, 7])
        second.socketID = 1
        second.hugePages = [NodeNUMACell.HugePages(sizeKiB: 2_048, count: 512)]
        var configuration = KVMHostConfiguration(stateDirectory: "/state")
        configuration.dedicatedCPUs = dedicated
        configuration.reservedCPUs = reservedCPUs
        configuration.reservedMemoryMiB = reservedMemoryMiB
        return HostCells(
            LibvirtHostAnswers(
                versions: HostVersions(libvirt: HypervisorVersion(11, 3), hypervisor: nil),
                node: NodeInfo(
                    cpuCount: 8, memoryMiB: 8_192, numaCellCount: 2, socketsPerCell: 1,
                    coresPerSocket: 2, threadsPerCore: 2),
                cells: [second, first]),
            configuration)
    }

    @Test("hardware is carried over")
    func hardware() {
        let cells = Self.cells().cells
        #expect(cells.map(\.id) == [0, 1])
        #expect(cells.map(\.socket) == [0, 1])
        #expect(cells.map(\.threadSiblings) == [[[0, 4], [2, 6]], nil])
        #expect(
            cells.map(\.hugePages) == [nil, [HugePagePool(pageSizeKiB: 2_048, count: 512)]])
        #expect(cells.map(\.dedicatedCPUs) == [nil, nil])
    }

    @Test("dedicated CPUs go to their cells; unknown ones are told")
    func dedicated() {
        let cells = Self.cells(dedicated: [2, 3, 6])
        #expect(cells.cells.map(\.dedicatedCPUs) == [[2, 6], [3]])
        #expect(cells.cells.map(HostCells.shared) == [[0, 4], [1, 5, 7]])
        #expect(cells.conditions.isEmpty)
        let wrong = Self.cells(dedicated: [7, 8, 99])
        #expect(wrong.cells.map(\.dedicatedCPUs) == [nil, [7]])
        #expect(wrong.conditions.map(\.code) == ["dedicated-cpus-unknown"])
        #expect(
            wrong.conditions.first?.message
                == "dedicated_cpus names 2 CPUs that the host does not have (8, 99); it has 8, the"
                + " last of them 7. The others are dedicated. Correct the list, or bring the CPUs"
                + " online.")
    }

    @Test("reserved CPUs are the lowest that aren't dedicated")
    func reservedCPUs() {
        #expect(Self.cells(reservedCPUs: 3).cells.map(\.cpus) == [[4, 6], [3, 5, 7]])
        let both = Self.cells(dedicated: [0, 1], reservedCPUs: 2)
        #expect(both.cells.map(\.cpus) == [[0, 4, 6], [1, 5, 7]])
        #expect(both.conditions.isEmpty)
        let much = Self.cells(dedicated: [0, 1, 2, 3, 4, 5, 6], reservedCPUs: 2)
        #expect(much.cells.map(\.cpus) == [[0, 2, 4, 6], [1, 3, 5]])
        #expect(much.conditions.map(\.code) == ["reserved-cpus-dedicated"])
    }

    @Test("reserved memory comes from ordinary memory, in proportion")
    func reservedMemory() {
        // 4096 and 3072 MiB are ordinary.
        let cells = Self.cells(reservedMemoryMiB: 700).cells
        #expect(cells.map(\.memoryMiB) == [4_096 - 400, 4_096 - 300])
        let all = Self.cells(reservedMemoryMiB: 99_999).cells
        #expect(all.map(\.memoryMiB) == [0, 1_024])
    }
}
