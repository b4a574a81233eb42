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
    func placement(on cells: [NUMACell]) throws(DriverError) -> DomainPlacement {
        if let numa { try check(numa) }
        do throws(Misplacement) { return try DomainPlacement(of: numa, on: cells) } catch {
            throw misplaced(error.found)
        }
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

/// Why a guest can't lie on a host.
struct Misplacement: Error {
    let found: String
}

extension DomainPlacement {
    /// Where a guest lies on a host with `cells`; `numa` is nil for one that floats.
    ///
    /// Dedicated vCPUs are pinned one by one; QEMU's own threads then run on the shared CPUs of the
    /// guest's cells, so that they take nothing of what was promised to the guest. Without shared
    /// CPUs there they run on the guest's own. Shared vCPUs float over the shared CPUs of their
    /// node's cell.
    init(of numa: NUMAPlacement?, on cells: [NUMACell]) throws(Misplacement) {
        self.init()
        guard let numa else {
            guard cells.contains(where: { $0.dedicatedCPUs != nil }) else { return }
            cpuSet = cells.flatMap(HostCells.shared).sorted()
            guard !cpuSet.isEmpty else {
                throw Misplacement(
                    found: "all CPUs of the host are dedicated, and it has none of them")
            }
            return
        }
        var homes: [[Int]] = []
        for node in numa.cells {
            guard let cell = cells.first(where: { $0.id == node.hostCell }) else {
                throw Misplacement(found: "the host has no NUMA cell \(node.hostCell)")
            }
            let shared = HostCells.shared(cell)
            homes.append(shared)
            pins += try Self.pins(node, cell, shared)
            self.cells.append(
                Cell(
                    vcpus: node.vcpus, memoryMiB: node.memoryMiB, hostNode: node.hostCell,
                    hugePageKiB: node.pageSizeKiB))
        }
        let shared = Set(homes.flatMap(\.self)).sorted()
        pins.sort { $0.vcpu < $1.vcpu }
        if numa.pinnedCPUs.isEmpty {
            cpuSet = shared
            if numa.cells.count == 1 { pins = [] }
        } else {
            emulatorCPUs = shared.isEmpty ? numa.pinnedCPUs : shared
        }
    }

    private static func pins(
        _ node: NUMACellPlacement, _ cell: NUMACell, _ shared: [Int]
    ) throws(Misplacement) -> [Pin] {
        guard !node.pins.isEmpty else {
            guard !shared.isEmpty else {
                throw Misplacement(found: "NUMA cell \(cell.id) of the host has no shared CPUs")
            }
            return node.vcpus.map { Pin(vcpu: $0, hostCPUs: shared) }
        }
        if let lost = node.pins.first(where: { !cell.cpus.contains($0.hostCPU) }) {
            throw Misplacement(
                found: "NUMA cell \(cell.id) of the host has no CPU \(lost.hostCPU) to give")
        }
        guard node.pins.map(\.vcpu).sorted() == node.vcpus.sorted() else {
            throw Misplacement(
                found: "its NUMA node on cell \(cell.id) doesn't pin each of its vCPUs")
        }
        return node.pins.map { Pin(vcpu: $0.vcpu, hostCPUs: [$0.hostCPU]) }
    }
}
