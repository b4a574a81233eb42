import ComputeModel
import Foundation
import Scheduler

/// Hosts' cells, claims and topologies to be changed by each test.
enum NUMASample {
    /// Cell `id` of 8 CPUs (from `id * 8`, the last 4 dedicated), in pairs of threads, with 4 GiB,
    /// of which 1 GiB is in pages of 2 MiB; two cells a socket.
    static func cell(_ id: Int, _ change: (inout NUMACell) -> Void = { _ in }) -> NUMACell {
        let first = id * 8
        var cell = NUMACell(id: id, cpus: Array(first..<first + 8), memoryMiB: 4_096)
        cell.dedicatedCPUs = Array(first + 4..<first + 8)
        cell.threadSiblings = (0..<4).map { [first + 2 * $0, first + 2 * $0 + 1] }
        cell.socket = id / 2
        cell.hugePages = [HugePagePool(pageSizeKiB: 2_048, count: 512)]
        change(&cell)
        return cell
    }

    static func host(
        _ cells: [NUMACell], _ claims: [Claim] = [], ratio: Double = 1,
        freeDevices: [Int: Int] = [:]
    ) -> HostNUMA {
        var ledger = HostLedger(hostID: HostID("h"))
        ledger.claims = claims
        return HostNUMA(cells: cells, ledger: ledger, cpuRatio: ratio, freeDevices: freeDevices)
    }

    /// The claim of a guest that was placed; without placement it floats.
    static func claim(
        _ numa: NUMAPlacement?, vcpus: Int? = nil, memoryMiB: Int? = nil
    ) -> Claim {
        let cells = numa?.cells ?? []
        var claim = Claim(
            instanceID: InstanceID("i"), projectID: ProjectID("p"), workflowID: WorkflowID("w"),
            capacity: HostCapacity(
                vcpus: vcpus ?? cells.reduce(0) { $0 + $1.vcpus.count },
                memoryMiB: memoryMiB ?? cells.reduce(0) { $0 + $1.memoryMiB }, diskGiB: 0),
            devices: [], createdAt: Date(timeIntervalSince1970: 1_790_000_000))
        claim.numa = numa
        return claim
    }

    /// Nodes of these sizes.
    static func topology(
        _ nodes: [(vcpus: Int, memoryMiB: Int)], _ policy: CPUPolicy = .shared,
        _ threads: CPUThreadPolicy = .prefer, _ page: PageSizeDemand = .small
    ) -> GuestTopology {
        var next = 0
        var topology = GuestTopology(
            cells: nodes.map { node in
                defer { next += node.vcpus }
                return GuestCell(
                    vcpus: Array(next..<next + node.vcpus), memoryMiB: node.memoryMiB)
            })
        topology.cpuPolicy = policy
        topology.threadPolicy = threads
        topology.pageSize = page
        return topology
    }
}

extension Result where Success == NUMAPlacement, Failure == NUMAShortage {
    /// Host cells by node; nil when there is no place.
    var hostCells: [Int]? { (try? get())?.cells.map(\.hostCell) }

    /// CPUs in the vCPUs' order.
    var cpus: [Int]? { (try? get())?.cells.flatMap { $0.pins.map(\.hostCPU) } }

    var shortage: NUMAShortage? {
        if case .failure(let shortage) = self { shortage } else { nil }
    }
}
