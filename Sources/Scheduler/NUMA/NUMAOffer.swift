import ComputeModel

extension NUMACellRoom {
    /// What a cell has for one node of a guest.
    struct Offer {
        let vcpus: [Int]
        let memoryMiB: Int
        /// Nil for ordinary pages.
        let pageSizeKiB: Int?
        /// Nil for shared CPUs.
        let cpus: DedicatedCPUs.Taken?

        func placement(on hostCell: Int) -> NUMACellPlacement {
            var placed = NUMACellPlacement(
                hostCell: hostCell, vcpus: vcpus, memoryMiB: memoryMiB, pageSizeKiB: pageSizeKiB)
            guard let cpus else { return placed }
            placed.pins = zip(vcpus, cpus.cpus).map { CPUPin(vcpu: $0, hostCPU: $1) }
            placed.idleCPUs = cpus.idle.isEmpty ? nil : cpus.idle
            return placed
        }
    }

    /// Room for `node`, or the first thing that lacks.
    func offer(
        _ node: GuestCell, _ topology: GuestTopology
    ) -> Result<Offer, NUMAShortage.CellShortage> {
        let wanted = node.vcpus.count
        var taken: DedicatedCPUs.Taken?
        switch topology.cpuPolicy {
        case .shared:
            guard sharedVCPUsOfOne >= wanted else {
                return .failure(.sharedCPUs(free: sharedVCPUsOfOne, wanted: wanted))
            }
        case .dedicated:
            let threads = topology.threadPolicy
            taken = dedicated.take(wanted, threads)
            guard taken != nil else {
                return .failure(
                    .dedicatedCPUs(
                        free: dedicated.most(threads), wanted: wanted, threads: threads))
            }
        }
        return pageSize(node.memoryMiB, topology.pageSize).map { size in
            Offer(
                vcpus: node.vcpus, memoryMiB: node.memoryMiB, pageSizeKiB: size, cpus: taken)
        }
    }

    /// Size in KiB of the pages for that much memory; nil for ordinary ones.
    private func pageSize(
        _ memoryMiB: Int, _ demand: PageSizeDemand
    ) -> Result<Int?, NUMAShortage.CellShortage> {
        let isOrdinaryThere = self.memoryMiB >= memoryMiB
        switch demand {
        case .small:
            return isOrdinaryThere
                ? .success(nil)
                : .failure(.memory(freeMiB: self.memoryMiB, wantedMiB: memoryMiB))
        case .size(let kib):
            let free = pages.first { $0.pageSizeKiB == kib }?.count ?? 0
            let wanted = NUMAUsage.pages(memoryMiB: memoryMiB, sizeKiB: kib)
            return free >= wanted
                ? .success(kib) : .failure(.pages(sizeKiB: kib, free: free, wanted: wanted))
        case .large, .any:
            if let size = largestPages(memoryMiB) { return .success(size) }
            if demand == .any, isOrdinaryThere { return .success(nil) }
            return .failure(
                demand == .any
                    ? .memory(freeMiB: self.memoryMiB, wantedMiB: memoryMiB)
                    : .hugePages(wantedMiB: memoryMiB))
        }
    }

    private func largestPages(_ memoryMiB: Int) -> Int? {
        pages.first { pool in
            memoryMiB * 1_024 % pool.pageSizeKiB == 0
                && pool.count >= NUMAUsage.pages(memoryMiB: memoryMiB, sizeKiB: pool.pageSizeKiB)
        }?.pageSizeKiB
    }
}

extension HostNUMA {
    /// What each cell said to one node.
    typealias Offers = [Result<NUMACellRoom.Offer, NUMAShortage.CellShortage>]

    func placement(
        _ chosen: CellMask, _ takers: [CellMask], _ offers: [Offers]
    ) -> NUMAPlacement? {
        guard let cells = NodeMatching.assign(chosen, takers) else { return nil }
        return NUMAPlacement(
            cells: zip(offers, cells).compactMap { offers, cell in
                guard case .success(let offer) = offers[cell] else { return nil }
                return offer.placement(on: rooms[cell].id)
            })
    }

    /// Why each cell can't take a node, where it can't.
    func verdicts(_ offers: Offers) -> [NUMAShortage.CellVerdict] {
        zip(rooms, offers).compactMap { room, offer in
            guard case .failure(let lacking) = offer else { return nil }
            return NUMAShortage.CellVerdict(cell: room.id, lacking: lacking)
        }
    }

    /// Which cells have room for no node, and which aren't near enough to the devices. The first
    /// node speaks for all.
    func far(_ needs: [Nearness], _ offers: [Offers]) -> NUMAShortage {
        let cells = rooms.indices.compactMap { index -> NUMAShortage.CellVerdict? in
            let answers = offers.map { $0[index] }
            if let first = answers.first, case .failure(let lacking) = first,
                !answers.contains(where: { (try? $0.get()) != nil })
            {
                return NUMAShortage.CellVerdict(cell: rooms[index].id, lacking: lacking)
            }
            guard needs.contains(where: { $0.missing(1 << CellMask(index)) > 0 }) else {
                return nil
            }
            return NUMAShortage.CellVerdict(cell: rooms[index].id, lacking: .device)
        }
        var policies: [NUMAAffinityPolicy] = []
        for need in needs where need.missing(0) > 0 && !policies.contains(need.need.policy) {
            policies.append(need.need.policy)
        }
        return .farFromDevices(policies: policies, cells: cells)
    }
}
