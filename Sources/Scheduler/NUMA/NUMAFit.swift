import ComputeModel

/// What is left of a host's NUMA cells, and where guests fit into them. Made anew of report and
/// ledger for each question.
public struct HostNUMA: Sendable {
    /// Cells of a host that are looked at; those with the highest numbers are left out beyond.
    public static let cellsMax = CellMask.bitWidth

    let rooms: [NUMACellRoom]
    /// Free vDPA devices by cell.
    private let freeDevices: [Int: Int]

    /// The host's cells after all claims.
    ///
    /// A guest without a placement floats over the whole host: its vCPUs and its memory are
    /// counted in each cell in proportion to what guests with placements leave free there.
    /// Memory is never overcommitted.
    ///
    /// - Parameters:
    ///   - cells: as the host reports them.
    ///   - ledger: all that is claimed on it.
    ///   - cpuRatio: vCPUs for each shared CPU.
    ///   - freeDevices: how many vDPA devices are free on each NUMA node; guests that need none
    ///     are steered away from them, so that guests with devices find room there.
    public init(
        cells: [NUMACell], ledger: HostLedger, cpuRatio: Double, freeDevices: [Int: Int] = [:]
    ) {
        var ids: Set<Int> = []
        let known = cells.filter { ids.insert($0.id).inserted }.sorted { $0.id < $1.id }
            .prefix(Self.cellsMax)
        let usage = NUMAUsage(ledger, known: known.map(\.id))
        let sharedCPUs = known.map { cell in
            Set(cell.cpus).subtracting(cell.dedicatedCPUs ?? []).subtracting(usage.pinned).count
        }
        let vcpus = zip(known, sharedCPUs).map { cell, cpus in
            Int((Double(cpus) * cpuRatio).rounded(.down))
                - (usage.cells[cell.id]?.sharedVCPUs ?? 0)
        }
        let memory = known.map { cell in
            let huge = (cell.hugePages ?? []).reduce(0) { $0 + $1.memoryMiB }
            return cell.memoryMiB - huge - (usage.cells[cell.id]?.memoryMiB ?? 0)
        }
        let floatingCPUs = FloatingShare(usage.floating.sharedVCPUs, over: vcpus)
        let floatingMemory = FloatingShare(usage.floating.memoryMiB, over: memory)
        rooms = known.indices.map { index in
            NUMACellRoom(
                known[index], sharedCPUs: sharedCPUs[index],
                vcpus: floatingCPUs.rest(of: vcpus[index]),
                memoryMiB: floatingMemory.rest(of: memory[index]), usage)
        }
        self.freeDevices = freeDevices
    }

    /// Host cells for a guest's nodes, each node on a cell of its own, with CPUs and pages, so that
    /// the policy of every need holds: `required` and `legacy` want the device's node among the
    /// guest's cells (`legacy` takes devices of unknown nodes too), `socket` on one of its sockets,
    /// `preferred` as near as it can be. Cells with the devices are preferred, then cells without
    /// free vDPA devices that nobody here needs; then the fullest one for dedicated CPUs, so that
    /// whole cells stay whole, and the emptiest for shared ones. The same question has always the
    /// same answer.
    ///
    /// Bounded: see ``NUMASearch``; it says no when the bound is reached, which takes dozens of
    /// cells with needs that contradict each other.
    ///
    /// - Parameter accepting: has the last word about a choice of host cells, such as whether
    ///   devices can really be given to all requests at once; other choices are tried after no.
    public func fit(
        _ topology: GuestTopology, near needs: [DeviceNeed],
        accepting: ([Int]) -> Bool = { _ in true }
    ) -> Result<NUMAPlacement, NUMAShortage> {
        let nodes = topology.cells
        guard nodes.count <= rooms.count else {
            return .failure(.tooFewCells(found: rooms.count, wanted: nodes.count))
        }
        let offers = nodes.map { node in rooms.map { $0.offer(node, topology) } }
        let takers = offers.map(Self.takers)
        for (number, offers) in offers.enumerated() where takers[number] == 0 {
            return .failure(.noRoom(guestNode: number, cells: verdicts(offers)))
        }
        guard NodeMatching.size(takers) == nodes.count else {
            let cells = NodeMatching.positions(takers.reduce(0, |)).map { rooms[$0].id }
            return .failure(.crowded(guestNodes: nodes.count, cells: cells))
        }
        let near = needs.map { need in
            Nearness(need, cells: rooms.map { ($0.id, $0.socket) })
        }
        return withoutActuallyEscaping(accepting) { accepting in
            var search = NUMASearch(takers: takers, needs: near, merits: merits(topology)) {
                accepting(NodeMatching.positions($0).map { rooms[$0].id })
            }
            switch search.run() {
            case .found(let chosen):
                return placement(chosen, takers, offers).map { .success($0) }
                    ?? .failure(far(near, offers))
            case .none: return .failure(far(near, offers))
            case .ended(let steps): return .failure(.searchEnded(choices: steps))
            }
        }
    }

    /// The cell that a guest without a topology is kept in because a device's policy demands it:
    /// one node on shared CPUs and ordinary memory. Nil when no need says `required` or `socket`;
    /// such a guest floats over the whole host.
    public func locality(
        near needs: [DeviceNeed], vcpus: Int, memoryMiB: Int,
        accepting: ([Int]) -> Bool = { _ in true }
    ) -> Result<NUMAPlacement?, NUMAShortage> {
        guard needs.contains(where: { $0.policy == .required || $0.policy == .socket }) else {
            return .success(nil)
        }
        let node = GuestCell(vcpus: Array(0..<vcpus), memoryMiB: memoryMiB)
        return fit(GuestTopology(cells: [node]), near: needs, accepting: accepting).map { $0 }
    }

    private static func takers(_ offers: Offers) -> CellMask {
        offers.enumerated().reduce(0) { mask, offer in
            guard case .success = offer.element else { return mask }
            return mask | 1 << CellMask(offer.offset)
        }
    }

    private func merits(_ topology: GuestTopology) -> [NUMASearch.Merit] {
        rooms.map { room in
            (
                freeDevices[room.id] ?? 0,
                topology.cpuPolicy == .dedicated ? room.dedicated.count : -room.sharedVCPUs
            )
        }
    }
}
