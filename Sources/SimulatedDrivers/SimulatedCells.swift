import ComputeModel

/// NUMA cells of a simulated host beside the placements of its running guests. A real host would
/// let two guests run on one CPU, each at half speed; this one refuses, so that a scheduler that
/// gives a CPU out twice doesn't pass a test.
struct SimulatedCells {
    private let cells: [NUMACell]
    private let others: [NUMAPlacement]

    init(_ cells: [NUMACell], _ others: [NUMAPlacement]) {
        self.cells = cells
        self.others = others
    }

    /// Why a guest can't be placed so; nil when it can.
    func problem(of wanted: NUMAPlacement) -> String? {
        let pinned = wanted.pinnedCPUs
        if Set(pinned).count != pinned.count { return "two of its vCPUs are pinned to one CPU" }
        let taken = Set(others.flatMap(\.pinnedCPUs))
        if let twice = pinned.first(where: taken.contains) {
            return "CPU \(twice) is pinned by another guest"
        }
        for node in wanted.cells {
            guard let cell = cells.first(where: { $0.id == node.hostCell }) else {
                return "there is no NUMA cell \(node.hostCell)"
            }
            let dedicated = cell.dedicatedCPUs ?? []
            if let stray = node.pins.first(where: { !dedicated.contains($0.hostCPU) }) {
                return "CPU \(stray.hostCPU) is not among the dedicated ones of cell \(cell.id)"
            }
        }
        return pageProblem(wanted)
    }

    private func pageProblem(_ wanted: NUMAPlacement) -> String? {
        for cell in cells {
            for (size, needed) in pages(on: cell.id, [wanted]) {
                let there = (cell.hugePages ?? []).filter { $0.pageSizeKiB == size }
                    .reduce(0) { $0 + $1.count }
                let used = pages(on: cell.id, others)[size] ?? 0
                if used + needed > there {
                    return "cell \(cell.id) has \(there - used) pages of \(size) KiB free, and"
                        + " \(needed) are needed"
                }
            }
        }
        return nil
    }

    private func pages(on cell: Int, _ placements: [NUMAPlacement]) -> [Int: Int] {
        var pages: [Int: Int] = [:]
        for node in placements.flatMap(\.cells) where node.hostCell == cell {
            guard let size = node.pageSizeKiB, size > 0 else { continue }
            pages[size, default: 0] += (node.memoryMiB * 1_024 + size - 1) / size
        }
        return pages
    }
}
