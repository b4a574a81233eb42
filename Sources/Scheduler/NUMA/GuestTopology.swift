import ComputeModel

/// A guest's NUMA nodes, CPU policy and page size, as its flavor and image ask for them.
public struct GuestTopology: Sendable, Equatable, Codable {
    /// The guest's nodes, by number from 0; at least one.
    public var cells: [GuestCell]
    /// Whether each vCPU has a host CPU for itself.
    public var cpuPolicy: CPUPolicy
    /// How vCPUs relate to the threads of a core; only with dedicated CPUs.
    public var threadPolicy: CPUThreadPolicy
    /// The pages behind its memory.
    public var pageSize: PageSizeDemand

    /// A topology of shared CPUs on ordinary pages.
    public init(cells: [GuestCell]) {
        self.cells = cells
        cpuPolicy = .shared
        threadPolicy = .prefer
        pageSize = .small
    }
}

/// One NUMA node of a guest.
public struct GuestCell: Sendable, Equatable, Codable {
    /// Its vCPU numbers, ascending.
    public var vcpus: [Int]
    /// Its memory in MiB.
    public var memoryMiB: Int

    /// A node; see the fields.
    public init(vcpus: [Int], memoryMiB: Int) {
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
    }
}

/// `hw:cpu_policy`.
public enum CPUPolicy: String, Sendable, Codable, CaseIterable {
    /// vCPUs float over the host's shared CPUs.
    case shared
    /// Each vCPU has a host CPU that nobody else uses.
    case dedicated
}

/// `hw:cpu_thread_policy`.
public enum CPUThreadPolicy: String, Sendable, Codable, CaseIterable {
    /// Siblings of one core where possible.
    case prefer
    /// One vCPU a core; its other threads stay idle.
    case isolate
    /// Siblings of one core, or no host.
    case require
}

/// `hw:mem_page_size`.
public enum PageSizeDemand: Sendable, Equatable, Codable {
    /// Ordinary pages.
    case small
    /// Any huge page size, the largest first.
    case large
    /// Huge pages where there are any, else ordinary ones.
    case any
    /// Pages of exactly this size in KiB.
    case size(kib: Int)
}
