import ComputeModel
import Scheduler
import Testing

@Suite("NUMA nodes on a host's cells")
struct NUMAFitTests {
    private typealias Sample = NUMASample

    private static let two = [Sample.cell(0), Sample.cell(1)]
    private static let four = (0..<4).map { Sample.cell($0) }

    @Test("each node has a cell of its own, with vCPUs and memory of the guest's numbers")
    func nodes() throws {
        let fit = Sample.host(Self.two).fit(Sample.topology([(2, 512), (3, 1_024)]), near: [])
        #expect(
            try fit.get()
                == NUMAPlacement(cells: [
                    NUMACellPlacement(hostCell: 0, vcpus: [0, 1], memoryMiB: 512),
                    NUMACellPlacement(hostCell: 1, vcpus: [2, 3, 4], memoryMiB: 1_024),
                ]))
        let many = Sample.host(Self.two).fit(
            Sample.topology([(1, 1), (1, 1), (1, 1)]), near: [])
        #expect(many.shortage == .tooFewCells(found: 2, wanted: 3))
    }

    @Test("a node that only one cell can take gets it, whatever the others would like")
    func matching() {
        let cells = [Sample.cell(0), Sample.cell(1) { $0.memoryMiB = 8_192 }]
        let fit = Sample.host(cells).fit(Sample.topology([(1, 4_096), (1, 512)]), near: [])
        #expect(fit.hostCells == [1, 0])
        let both = Sample.host(cells).fit(Sample.topology([(1, 4_096), (1, 4_096)]), near: [])
        #expect(both.shortage == .crowded(guestNodes: 2, cells: [1]))
    }

    @Test("shared CPUs: the ratio, what floats, and no guest against itself")
    func sharedCPUs() {
        let one = Sample.topology([(4, 512)])
        #expect(Sample.host(Self.two).fit(one, near: []).hostCells == [0])
        let wide = Sample.host(Self.two, ratio: 4).fit(Sample.topology([(5, 512)]), near: [])
        #expect(
            wide.shortage
                == NUMAShortage.noRoom(
                    guestNode: 0,
                    cells: [0, 1].map {
                        NUMAShortage.CellVerdict(
                            cell: $0, lacking: .sharedCPUs(free: 4, wanted: 5))
                    }))
        // 4 vCPUs in cell 0 leave 4 * 2 - 4 there and 8 in cell 1; 6 that float are counted as 2
        // and 4.
        let placed = NUMAPlacement(cells: [
            NUMACellPlacement(hostCell: 0, vcpus: [0, 1, 2, 3], memoryMiB: 1_024)
        ])
        let claims = [Sample.claim(placed), Sample.claim(nil, vcpus: 6, memoryMiB: 0)]
        let host = Sample.host(Self.two, claims, ratio: 2)
        #expect(host.fit(Sample.topology([(2, 512), (4, 512)]), near: []).hostCells == [0, 1])
        #expect(host.fit(Sample.topology([(3, 512), (3, 512)]), near: []).hostCells == nil)
    }

    @Test("memory is never overcommitted, neither by placed guests nor by floating ones")
    func memory() {
        // 3 GiB of ordinary memory in each cell.
        let floating = Sample.claim(nil, vcpus: 0, memoryMiB: 2_048)
        let host = Sample.host(Self.two, [floating], ratio: 16)
        #expect(host.fit(Sample.topology([(1, 2_048)]), near: []).hostCells == [0])
        #expect(
            host.fit(Sample.topology([(1, 2_049)]), near: []).shortage?.description
                == "the guest's NUMA node 0 fits no NUMA cell: cell 0: 2048 MiB of memory free,"
                + " 2049 wanted; cell 1: 2048 MiB of memory free, 2049 wanted")
    }

    @Test(
        "pages",
        arguments: [
            (.small, 3_072, [nil]), (.small, 3_073, []), (.size(kib: 2_048), 1_024, [2_048]),
            (.size(kib: 2_048), 1_026, []), (.size(kib: 1_048_576), 1_024, []),
            (.large, 1_024, [2_048]), (.large, 1_025, []), (.any, 1_024, [2_048]),
            (.any, 1_025, [nil]), (.any, 3_074, []),
        ] as [(PageSizeDemand, Int, [Int?])])
    func pages(_ demand: PageSizeDemand, _ memoryMiB: Int, _ expected: [Int?]) {
        let fit = Sample.host([Sample.cell(0)]).fit(
            Sample.topology([(1, memoryMiB)], .shared, .prefer, demand), near: [])
        #expect(((try? fit.get())?.cells ?? []).map(\.pageSizeKiB) == expected)
    }

    @Test("pages that guests have are gone, and the largest come first")
    func usedPages() throws {
        let cell = Sample.cell(0) {
            $0.memoryMiB = 8_192
            $0.hugePages?.append(HugePagePool(pageSizeKiB: 1_048_576, count: 2))
        }
        let guest = Sample.topology([(1, 1_024)], .shared, .prefer, .large)
        var claims: [Claim] = []
        var sizes: [Int?] = []
        while let placed = try? Sample.host([cell], claims, ratio: 9).fit(guest, near: []).get() {
            sizes += placed.cells.map(\.pageSizeKiB)
            claims.append(Sample.claim(placed))
        }
        #expect(sizes == [1_048_576, 1_048_576, 2_048])
    }

    @Test("dedicated CPUs: siblings together, the fullest cell first, none twice")
    func dedicated() throws {
        let guest = Sample.topology([(2, 256)], .dedicated)
        var claims: [Claim] = []
        var taken: [[Int]] = []
        while let placed = try? Sample.host(Self.two, claims).fit(guest, near: []).get() {
            taken.append(placed.pinnedCPUs)
            claims.append(Sample.claim(placed))
        }
        #expect(taken == [[4, 5], [6, 7], [12, 13], [14, 15]])
        let full = Sample.host(Self.two, claims).fit(guest, near: []).shortage
        #expect(full?.category == "no NUMA node with enough dedicated CPUs")
        #expect(
            full?.description == "the guest's NUMA node 0 fits no NUMA cell: cell 0: 0 dedicated"
                + " CPUs free, 2 wanted; cell 1: 0 dedicated CPUs free, 2 wanted")
    }

    @Test("a CPU that is pinned and not dedicated any more is nobody's")
    func formerlyDedicated() {
        let pinned = NUMAPlacement(cells: [
            NUMACellPlacement(
                hostCell: 0, vcpus: [0], memoryMiB: 1, pins: [CPUPin(vcpu: 0, hostCPU: 5)])
        ])
        let cell = Sample.cell(0) { $0.dedicatedCPUs = nil }
        let host = Sample.host([cell], [Sample.claim(pinned)])
        #expect(host.fit(Sample.topology([(7, 1)]), near: []).hostCells == [0])
        #expect(host.fit(Sample.topology([(8, 1)]), near: []).hostCells == nil)
    }

    @Test("claims in cells that the host doesn't report count as floating")
    func vanishedCell() {
        let lost = NUMAPlacement(cells: [
            NUMACellPlacement(hostCell: 7, vcpus: [0, 1], memoryMiB: 2_048)
        ])
        let host = Sample.host([Sample.cell(0)], [Sample.claim(lost)])
        #expect(host.fit(Sample.topology([(2, 1_024)]), near: []).hostCells == [0])
        #expect(host.fit(Sample.topology([(3, 1_024)]), near: []).hostCells == nil)
        #expect(host.fit(Sample.topology([(2, 1_025)]), near: []).hostCells == nil)
    }

    @Test("guests without devices stay away from cells that have free ones")
    func steering() {
        let guest = Sample.topology([(1, 512)])
        let host = Sample.host(Self.four, freeDevices: [0: 2, 1: 1, 3: 5])
        #expect(host.fit(guest, near: []).hostCells == [2])
        let full = (0..<4).map { number in
            Sample.cell(number) { if number == 2 { $0.memoryMiB = 0 } }
        }
        #expect(
            Sample.host(full, freeDevices: [0: 2, 1: 1, 3: 5]).fit(guest, near: []).hostCells == [
                1
            ])
    }

    @Test("odd cells: none, without CPUs, without memory, with useless pages, twice")
    func oddCells() {
        let guest = Sample.topology([(1, 1)], .shared, .prefer, .any)
        #expect(Sample.host([]).fit(guest, near: []).shortage == .tooFewCells(found: 0, wanted: 1))
        let bare = NUMACell(id: 3, cpus: [], memoryMiB: 0)
        #expect(Sample.host([bare]).fit(guest, near: []).hostCells == nil)
        let useless = Sample.cell(0) {
            $0.hugePages = [
                HugePagePool(pageSizeKiB: 0, count: 9), HugePagePool(pageSizeKiB: -4, count: 9),
            ]
        }
        #expect(Sample.host([useless, useless, bare]).fit(guest, near: []).hostCells == [0])
    }
}
