import ComputeModel
import Scheduler

/// Answers by trying everything, for small hosts: what the fit is compared with.
struct NUMAReference {
    let cells: [NUMACell]
    let claims: [Claim]
    let ratio: Double

    /// Whether some choice of cells has room for all nodes and is near all devices.
    func fits(_ topology: GuestTopology, _ needs: [DeviceNeed]) -> Bool {
        choices(of: topology.cells.count, from: cells.map(\.id)).contains { chosen in
            isNear(chosen, needs)
                && zip(topology.cells, chosen).allSatisfy { hasRoom($0, $1, topology) }
        }
    }

    /// Whether a guest on these cells is as near to its devices as their policies demand.
    func isNear(_ chosen: [Int], _ needs: [DeviceNeed]) -> Bool {
        needs.allSatisfy { need in
            let near = need.free.reduce(0) { sum, devices in
                isNear(devices.key, chosen, need.policy) ? sum + devices.value : sum
            }
            return near >= need.count || need.policy == .preferred
        }
    }

    private func isNear(_ node: Int?, _ chosen: [Int], _ policy: NUMAAffinityPolicy) -> Bool {
        guard let node else { return policy == .legacy || policy == .preferred }
        switch policy {
        case .preferred: return true
        case .required, .legacy: return chosen.contains(node)
        case .socket:
            guard let socket = cell(node)?.socket else { return false }
            return chosen.contains { cell($0)?.socket == socket }
        }
    }

    private func cell(_ id: Int) -> NUMACell? { cells.first { $0.id == id } }

    private func choices(of count: Int, from ids: [Int]) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return ids.flatMap { first in
            choices(of: count - 1, from: ids.filter { $0 != first }).map { [first] + $0 }
        }
    }

    // MARK: Room

    private var pinned: Set<Int> { Set(claims.flatMap { $0.numa?.pinnedCPUs ?? [] }) }

    private func placed(on id: Int) -> [NUMACellPlacement] {
        claims.flatMap { $0.numa?.cells ?? [] }.filter { $0.hostCell == id }
    }

    private func hasRoom(_ node: GuestCell, _ id: Int, _ topology: GuestTopology) -> Bool {
        guard let cell = cell(id) else { return false }
        let hasCPUs =
            switch topology.cpuPolicy {
            case .shared:
                node.vcpus.count <= min(sharedCPUs(cell), rest(\.vcpus, sharedRoom, cell))
            case .dedicated: hasDedicated(node.vcpus.count, cell, topology.threadPolicy)
            }
        return hasCPUs && hasPages(node.memoryMiB, cell, topology.pageSize)
    }

    private func hasDedicated(_ count: Int, _ cell: NUMACell, _ policy: CPUThreadPolicy) -> Bool {
        let free = Set(cell.dedicatedCPUs ?? []).subtracting(pinned)
        let siblings = cell.threadSiblings ?? []
        func core(_ cpu: Int) -> Set<Int> { Set(siblings.first { $0.contains(cpu) } ?? [cpu]) }
        return subsets(of: free.sorted(), count).contains { cpus in
            let lone = cpus.count { core($0).intersection(cpus).count == 1 }
            return switch policy {
            case .prefer: true
            case .require: cpus.allSatisfy { core($0).count > 1 } && lone <= 1
            case .isolate: lone == count && cpus.allSatisfy { core($0).isSubset(of: free) }
            }
        }
    }

    private func subsets(of items: [Int], _ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return items.indices.flatMap { index in
            subsets(of: Array(items[(index + 1)...]), count - 1).map { [items[index]] + $0 }
        }
    }

    private func hasPages(_ memoryMiB: Int, _ cell: NUMACell, _ demand: PageSizeDemand) -> Bool {
        let ordinary = memoryMiB <= rest(\.memoryMiB, ordinaryRoom, cell)
        func huge(_ pool: HugePagePool) -> Bool {
            let used = placed(on: cell.id).filter { $0.pageSizeKiB == pool.pageSizeKiB }
                .reduce(0) { $0 + $1.memoryMiB }
            return memoryMiB * 1_024 % pool.pageSizeKiB == 0
                && used + memoryMiB <= pool.count * pool.pageSizeKiB / 1_024
        }
        let pools = cell.hugePages ?? []
        return switch demand {
        case .small: ordinary
        case .large: pools.contains(where: huge)
        case .any: ordinary || pools.contains(where: huge)
        case .size(let kib): pools.contains { $0.pageSizeKiB == kib && huge($0) }
        }
    }

    func sharedCPUs(_ cell: NUMACell) -> Int {
        Set(cell.cpus).subtracting(cell.dedicatedCPUs ?? []).count
    }

    private func sharedRoom(_ cell: NUMACell) -> Int {
        Int(Double(sharedCPUs(cell)) * ratio)
            - placed(on: cell.id).filter(\.pins.isEmpty).reduce(0) { $0 + $1.vcpus.count }
    }

    func ordinaryRoom(_ cell: NUMACell) -> Int {
        cell.memoryMiB - (cell.hugePages ?? []).reduce(0) { $0 + $1.memoryMiB }
            - placed(on: cell.id).filter { $0.pageSizeKiB == nil }
            .reduce(0) { $0 + $1.memoryMiB }
    }

    /// What is left of a cell's room after its share of what floats.
    private func rest(
        _ amount: KeyPath<HostCapacity, Int>, _ room: (NUMACell) -> Int, _ cell: NUMACell
    ) -> Int {
        let floating = claims.filter { $0.numa == nil }.reduce(0) {
            $0 + $1.capacity[keyPath: amount]
        }
        let all = cells.reduce(0) { $0 + max(0, room($1)) }
        guard all > 0, floating < all else { return 0 }
        let share = Double(floating) * Double(room(cell)) / Double(all)
        return room(cell) - Int(share.rounded(.up))
    }
}
