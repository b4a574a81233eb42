internal import ComputeModel
internal import HostDrivers
internal import Libvirt

extension GuestPlan {
    /// Whether the domain depends on the host's cells: ones that are placed do, and all others do
    /// on hosts with dedicated CPUs, from which they must keep away.
    func needsCells(_ configuration: KVMHostConfiguration) -> Bool {
        numa != nil || !configuration.dedicatedCPUs.isEmpty
    }

    /// Where the guest lies on `cells`. `refused` when the host has no such cells or CPUs (any
    /// more), or the nodes are not the guest's.
    ///
    /// Dedicated vCPUs are pinned one by one; QEMU's own threads then run on the shared CPUs of the
    /// guest's cells, so that they take nothing of what was promised to the guest. Without shared
    /// CPUs there they run on the guest's own. Shared vCPUs float over the shared CPUs of their
    /// node's cell.
    func placement(on cells: [NUMACell]) throws(DriverError) -> DomainPlacement {
        let isDividing = cells.contains { $0.dedicatedCPUs != nil }
        guard let numa else {
            guard isDividing else { return DomainPlacement() }
            let shared = cells.flatMap(HostCells.shared).sorted()
            guard !shared.isEmpty else {
                throw misplaced("all CPUs of the host are dedicated, and it has none of them")
            }
            return DomainPlacement(cpuSet: shared)
        }
        try check(numa)
        var placement = DomainPlacement()
        var homes: [[Int]] = []
        for node in numa.cells {
            guard let cell = cells.first(where: { $0.id == node.hostCell }) else {
                throw misplaced("the host has no NUMA cell \(node.hostCell)")
            }
            let shared = HostCells.shared(cell)
            homes.append(shared)
            placement.pins += try pins(node, cell, shared)
            placement.cells.append(
                DomainPlacement.Cell(
                    vcpus: node.vcpus, memoryMiB: node.memoryMiB, hostNode: node.hostCell,
                    hugePageKiB: node.pageSizeKiB))
        }
        let shared = Set(homes.flatMap(\.self)).sorted()
        placement.pins.sort { $0.vcpu < $1.vcpu }
        if numa.pinnedCPUs.isEmpty {
            placement.cpuSet = shared
            if numa.cells.count == 1 { placement.pins = [] }
        } else {
            placement.emulatorCPUs = shared.isEmpty ? numa.pinnedCPUs : shared
        }
        return placement
    }

    private func pins(
        _ node: NUMACellPlacement, _ cell: NUMACell, _ shared: [Int]
    ) throws(DriverError) -> [DomainPlacement.Pin] {
        guard !node.pins.isEmpty else {
            guard !shared.isEmpty else {
                throw misplaced("NUMA cell \(cell.id) of the host has no shared CPUs")
            }
            return node.vcpus.map { DomainPlacement.Pin(vcpu: $0, hostCPUs: shared) }
        }
        if let lost = node.pins.first(where: { !cell.cpus.contains($0.hostCPU) }) {
            throw misplaced("NUMA cell \(cell.id) of the host has no CPU \(lost.hostCPU) to give")
        }
        guard node.pins.map(\.vcpu).sorted() == node.vcpus.sorted() else {
            throw misplaced("its NUMA node on cell \(cell.id) doesn't pin each of its vCPUs")
        }
        return node.pins.map { DomainPlacement.Pin(vcpu: $0.vcpu, hostCPUs: [$0.hostCPU]) }
    }

    /// The nodes are the whole guest, and no host CPU has two of its vCPUs.
    private func check(_ numa: NUMAPlacement) throws(DriverError) {
        guard numa.cells.flatMap(\.vcpus).sorted() == Array(0..<vcpus),
            numa.cells.allSatisfy({ !$0.vcpus.isEmpty && $0.memoryMiB > 0 }),
            numa.cells.reduce(0, { $0 + $1.memoryMiB }) == memoryMiB
        else {
            throw misplaced("its NUMA nodes don't add up to \(vcpus) vCPUs and \(memoryMiB) MiB")
        }
        let pinned = numa.pinnedCPUs
        guard Set(pinned).count == pinned.count else {
            throw misplaced("two of its vCPUs are pinned to one CPU of the host")
        }
    }

    private func misplaced(_ found: String) -> DriverError {
        .refused(
            DriverFault(
                operation: "define the guest", object: "guest \(instanceID)", found: found,
                advice: "Compare the agent's dedicated_cpus and reserved_cpus with 'virsh"
                    + " capabilities'"))
    }
}
