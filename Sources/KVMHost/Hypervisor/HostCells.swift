internal import ComputeModel
internal import Libvirt

/// The host's NUMA cells as guests get them: what the operator reserves is taken out, what he
/// dedicates is marked.
///
/// `reserved_cpus` takes the CPUs with the lowest numbers that are not dedicated, as the kernel's
/// own work gathers there; `reserved_memory_mib` takes ordinary memory of all cells in proportion.
/// So the cells together have what the report says of the whole host.
struct HostCells: Sendable, Equatable {
    /// Ordered by number.
    private(set) var cells: [NUMACell]
    /// What is wrong with the operator's wishes.
    private(set) var conditions: [HostCondition] = []

    init(_ answers: LibvirtHostAnswers, _ configuration: KVMHostConfiguration) {
        cells = Self.cells(answers)
        dedicate(configuration.dedicatedCPUs)
        reserve(cpus: configuration.reservedCPUs)
        reserve(memoryMiB: configuration.reservedMemoryMiB)
    }

    /// CPUs of a cell that guests share.
    static func shared(_ cell: NUMACell) -> [Int] {
        let dedicated = Set(cell.dedicatedCPUs ?? [])
        return cell.cpus.filter { !dedicated.contains($0) }
    }

    /// A machine without NUMA is one cell.
    private static func cells(_ answers: LibvirtHostAnswers) -> [NUMACell] {
        guard !answers.cells.isEmpty else {
            let cpus = Array(0..<max(0, answers.node.cpuCount))
            return [NUMACell(id: 0, cpus: cpus, memoryMiB: answers.node.memoryMiB)]
        }
        return answers.cells.map { found in
            var cell = NUMACell(
                id: found.id, cpus: found.cpuIDs.sorted(), memoryMiB: found.memoryMiB)
            cell.socket = found.socketID
            cell.threadSiblings = found.siblings.isEmpty ? nil : found.siblings
            let pools = found.hugePages.map {
                HugePagePool(pageSizeKiB: $0.sizeKiB, count: $0.count)
            }
            cell.hugePages = pools.isEmpty ? nil : pools
            return cell
        }.sorted { $0.id < $1.id }
    }

    private mutating func dedicate(_ wanted: [Int]) {
        guard !wanted.isEmpty else { return }
        let wanted = Set(wanted)
        for index in cells.indices {
            let found = cells[index].cpus.filter(wanted.contains)
            cells[index].dedicatedCPUs = found.isEmpty ? nil : found
        }
        let all = cells.flatMap(\.cpus)
        let unknown = wanted.subtracting(all).sorted()
        guard !unknown.isEmpty else { return }
        let numbers = unknown.prefix(Self.shownMax).map(String.init).joined(separator: ", ")
        conditions.append(
            HostCondition(
                code: "dedicated-cpus-unknown",
                message: "dedicated_cpus names \(unknown.count) CPUs that the host does not have"
                    + " (\(numbers)); it has \(all.count), the last of them"
                    + " \(all.max() ?? 0). The others are dedicated. Correct the list, or bring"
                    + " the CPUs online.",
                blocksVDPA: false))
    }

    /// Numbers that a condition names.
    private static let shownMax = 8

    private mutating func reserve(cpus count: Int) {
        let shared = cells.flatMap(Self.shared).sorted()
        let dedicated = cells.reduce(0) { $0 + ($1.dedicatedCPUs?.count ?? 0) }
        if count > shared.count, dedicated > 0 {
            conditions.append(
                HostCondition(
                    code: "reserved-cpus-dedicated",
                    message: "reserved_cpus is \(count), but only \(shared.count) CPUs are not in"
                        + " dedicated_cpus. Dedicate or reserve fewer.",
                    blocksVDPA: false))
        }
        let reserved = Set(shared.prefix(max(0, count)))
        for index in cells.indices { cells[index].cpus.removeAll(where: reserved.contains) }
    }

    private mutating func reserve(memoryMiB amount: Int) {
        let ordinary = cells.map { cell in
            max(0, cell.memoryMiB - (cell.hugePages ?? []).reduce(0) { $0 + $1.memoryMiB })
        }
        let sum = ordinary.reduce(0, +)
        guard amount > 0, sum > 0 else { return }
        for (index, memory) in ordinary.enumerated() {
            let share = (min(amount, sum) * memory + sum - 1) / sum
            cells[index].memoryMiB -= share
        }
    }
}
