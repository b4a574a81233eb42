import ComputeModel

/// What the claims of a ledger take of each NUMA cell.
struct NUMAUsage {
    /// What one cell has given away.
    struct Cell {
        /// vCPUs that float over its shared CPUs.
        var sharedVCPUs = 0
        /// Ordinary memory in MiB.
        var memoryMiB = 0
        /// Huge pages by their size in KiB.
        var pages: [Int: Int] = [:]
    }

    private(set) var cells: [Int: Cell]
    /// CPUs that some guest has for itself.
    private(set) var pinned: Set<Int> = []
    /// What guests without a placement have: nobody knows in which cell.
    private(set) var floating = Cell()

    /// `known` are the host's cells. What a claim has in another one counts as floating: the guest
    /// is somewhere.
    init(_ ledger: HostLedger, known: [Int]) {
        cells = Dictionary(known.map { ($0, Cell()) }) { first, _ in first }
        for claim in ledger.claims {
            let placed = claim.numa?.cells ?? []
            for cell in placed { add(cell) }
            // A guest has all that was claimed, whatever its placement says.
            floating.sharedVCPUs += max(
                0, claim.capacity.vcpus - placed.reduce(0) { $0 + $1.vcpus.count })
            floating.memoryMiB += max(
                0, claim.capacity.memoryMiB - placed.reduce(0) { $0 + $1.memoryMiB })
        }
    }

    private mutating func add(_ placed: NUMACellPlacement) {
        pinned.formUnion(placed.pins.map(\.hostCPU))
        pinned.formUnion(placed.idleCPUs ?? [])
        var share = Cell()
        if placed.pins.isEmpty { share.sharedVCPUs = placed.vcpus.count }
        if let size = placed.pageSizeKiB {
            share.pages[size] = NUMAUsage.pages(memoryMiB: placed.memoryMiB, sizeKiB: size)
        } else {
            share.memoryMiB = placed.memoryMiB
        }
        guard var cell = cells[placed.hostCell] else {
            floating.sharedVCPUs += share.sharedVCPUs
            floating.memoryMiB += share.memoryMiB
            return
        }
        cell.sharedVCPUs += share.sharedVCPUs
        cell.memoryMiB += share.memoryMiB
        cell.pages.merge(share.pages, uniquingKeysWith: +)
        cells[placed.hostCell] = cell
    }

    /// Pages of `sizeKiB` behind that much memory, the last one counted whole.
    static func pages(memoryMiB: Int, sizeKiB: Int) -> Int {
        sizeKiB > 0 ? (memoryMiB * 1_024 + sizeKiB - 1) / sizeKiB : 0
    }
}

/// What is left in one NUMA cell of a host.
struct NUMACellRoom: Sendable {
    /// The cell's number.
    let id: Int
    let socket: Int?
    /// CPUs to dedicate, core by core.
    let dedicated: DedicatedCPUs
    /// CPUs that guests float over.
    let sharedCPUs: Int
    /// vCPUs that may still float there.
    let sharedVCPUs: Int
    /// Ordinary memory in MiB.
    let memoryMiB: Int
    /// Huge pages, the largest first.
    let pages: [HugePagePool]

    /// vCPUs that one guest may have floating there: it never overcommits against itself.
    var sharedVCPUsOfOne: Int { min(sharedCPUs, sharedVCPUs) }

    init(_ cell: NUMACell, sharedCPUs: Int, vcpus: Int, memoryMiB: Int, _ usage: NUMAUsage) {
        id = cell.id
        socket = cell.socket
        dedicated = DedicatedCPUs(cell, taken: usage.pinned)
        self.sharedCPUs = sharedCPUs
        sharedVCPUs = vcpus
        self.memoryMiB = memoryMiB
        var sizes: [Int: Int] = [:]
        for pool in cell.hugePages ?? [] where pool.pageSizeKiB > 0 {
            sizes[pool.pageSizeKiB, default: 0] += pool.count
        }
        let used = usage.cells[cell.id]?.pages ?? [:]
        pages = sizes.keys.sorted(by: >).map { size in
            HugePagePool(
                pageSizeKiB: size, count: max(0, (sizes[size] ?? 0) - (used[size] ?? 0)))
        }
    }
}

/// Divides what floats over a host among its cells, for the sake of counting: in proportion to
/// what guests with a placement leave free in each, and rounded up, so that the cells together
/// never seem to have more than the host. It is an estimate: the kernel moves such guests as it
/// likes.
struct FloatingShare {
    private let amount: Int
    private let sum: Int

    /// `amount` floats over cells with that much room.
    init(_ amount: Int, over rooms: [Int]) {
        self.amount = amount
        sum = rooms.reduce(0) { $0 + max(0, $1) }
    }

    /// What is left of `room`; never less than 0.
    func rest(of room: Int) -> Int {
        guard sum > 0, room > 0 else { return 0 }
        guard amount < sum else { return 0 }
        return room - (amount * room + sum - 1) / sum
    }
}
