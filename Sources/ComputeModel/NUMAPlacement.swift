/// Where a guest's NUMA nodes lie on its host: chosen with the claim, kept in the ledger, carried
/// into the guest's definition.
public struct NUMAPlacement: Codable, Sendable, Equatable {
    /// The guest's nodes, by their number from 0.
    public var cells: [NUMACellPlacement]

    /// Such a placement.
    public init(cells: [NUMACellPlacement]) { self.cells = cells }

    /// Host cells that the guest touches, ascending.
    public var hostCells: [Int] { Set(cells.map(\.hostCell)).sorted() }

    /// Host CPUs that nobody else may use, ascending.
    public var pinnedCPUs: [Int] {
        cells.flatMap { $0.pins.map(\.hostCPU) + ($0.idleCPUs ?? []) }.sorted()
    }
}

/// One NUMA node of a guest on a NUMA cell of its host.
public struct NUMACellPlacement: Codable, Sendable, Equatable {
    /// The host's cell.
    public var hostCell: Int
    /// The guest's vCPU numbers in this node, ascending.
    public var vcpus: [Int]
    /// The node's memory in MiB.
    public var memoryMiB: Int
    /// Size of the pages behind it in KiB; nil for the host's ordinary pages.
    public var pageSizeKiB: Int?
    /// One for each vCPU when the guest has dedicated CPUs, else empty: the vCPUs float over the
    /// cell's shared CPUs.
    public var pins: [CPUPin]
    /// CPUs that must stay idle because the guest has another thread of their core and wants the
    /// core for itself (`hw:cpu_thread_policy=isolate`); nil when there are none.
    public var idleCPUs: [Int]?

    /// A node; see the fields.
    public init(
        hostCell: Int, vcpus: [Int], memoryMiB: Int, pageSizeKiB: Int? = nil, pins: [CPUPin] = []
    ) {
        self.hostCell = hostCell
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.pageSizeKiB = pageSizeKiB
        self.pins = pins
    }
}

/// A vCPU with the host CPU that it has for itself.
public struct CPUPin: Codable, Sendable, Equatable {
    /// The guest's vCPU, from 0.
    public var vcpu: Int
    /// The host's CPU thread.
    public var hostCPU: Int

    /// `vcpu` runs on `hostCPU` only.
    public init(vcpu: Int, hostCPU: Int) {
        self.vcpu = vcpu
        self.hostCPU = hostCPU
    }
}

/// How near a device must be to its guest's CPUs and memory. The policies are Nova's
/// (`hw:pci_numa_affinity_policy`), but bind also guests without a NUMA topology, for which they do
/// nothing there: the guest is then kept within the device's cell where the policy demands it. See
/// docs/decisions/0009-numa-cells-are-chosen-with-the-claim.md.
public enum NUMAAffinityPolicy: String, Codable, Sendable, CaseIterable {
    /// The device's cell must be known and be one of the guest's.
    case required
    /// As `required`, but a device whose cell is unknown will do.
    case legacy
    /// Near devices first, any other will do.
    case preferred
    /// The device must be on a socket that the guest uses.
    case socket
}
