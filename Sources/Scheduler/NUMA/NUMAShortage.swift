import ComputeModel

/// Why a guest's NUMA nodes find no place on a host. `category` is for tenants, `description` for
/// operators.
public enum NUMAShortage: Error, Sendable, Equatable, Codable {
    /// The host has fewer cells than the guest has nodes; each has one for itself.
    case tooFewCells(found: Int, wanted: Int)
    /// A node of the guest fits no cell.
    case noRoom(guestNode: Int, cells: [CellVerdict])
    /// Each node fits some cell, but not all of them at once.
    case crowded(guestNodes: Int, cells: [Int])
    /// No choice of cells with room is near the devices; of each cell what speaks against it alone.
    /// Without policies each need holds by itself, and only all of them together don't.
    case farFromDevices(policies: [NUMAAffinityPolicy], cells: [CellVerdict])
    /// No choice was found within the bound of the search.
    case searchEnded(choices: Int)

    /// What speaks against one cell of the host.
    public struct CellVerdict: Sendable, Equatable, Codable {
        /// The cell.
        public var cell: Int
        /// What it lacks.
        public var lacking: CellShortage

        /// `cell` lacks that.
        public init(cell: Int, lacking: CellShortage) {
            self.cell = cell
            self.lacking = lacking
        }
    }

    /// What a cell lacks for a guest's node.
    public enum CellShortage: Error, Sendable, Equatable, Codable {
        /// CPUs to dedicate; with `isolate` whole cores, with `require` sibling threads.
        case dedicatedCPUs(free: Int, wanted: Int, threads: CPUThreadPolicy)
        /// Room on its shared CPUs, in vCPUs.
        case sharedCPUs(free: Int, wanted: Int)
        /// Ordinary memory.
        case memory(freeMiB: Int, wantedMiB: Int)
        /// Huge pages of that size.
        case pages(sizeKiB: Int, free: Int, wanted: Int)
        /// Huge pages of any size that divides the node's memory.
        case hugePages(wantedMiB: Int)
        /// A free device that it is near enough to.
        case device
    }

    /// What tenants may know: names no host and no cell.
    public var category: String {
        switch self {
        case .tooFewCells: "not enough NUMA nodes"
        case .noRoom(_, let cells):
            "no NUMA node with enough " + (Self.onlyResource(cells) ?? "CPUs and memory")
        case .crowded: "not enough NUMA nodes with room at the same time"
        case .farFromDevices: "no NUMA node with room near a free device"
        case .searchEnded: "no placement of NUMA nodes found"
        }
    }

    private static func onlyResource(_ cells: [CellVerdict]) -> String? {
        let names = Set(cells.map(\.lacking.resource))
        return names.count == 1 ? names.first : nil
    }
}

extension NUMAShortage.CellShortage {
    fileprivate var resource: String {
        switch self {
        case .dedicatedCPUs: "dedicated CPUs"
        case .sharedCPUs: "CPUs"
        case .memory: "memory"
        case .pages, .hugePages: "huge pages"
        case .device: "devices"
        }
    }
}

extension NUMAShortage.CellShortage: CustomStringConvertible {
    /// Half a sentence for operators, to follow "cell 0:".
    public var description: String {
        switch self {
        case .dedicatedCPUs(let free, let wanted, let threads):
            switch threads {
            case .prefer: "\(free) dedicated CPUs free, \(wanted) wanted"
            case .isolate: "\(free) whole dedicated cores free, \(wanted) wanted"
            case .require:
                "\(free) dedicated CPUs free beside threads of their core, \(wanted) wanted"
            }
        case .sharedCPUs(let free, let wanted):
            "room for \(free) vCPUs on its shared CPUs, \(wanted) wanted"
        case .memory(let free, let wanted): "\(free) MiB of memory free, \(wanted) wanted"
        case .pages(let size, let free, let wanted):
            "\(free) pages of \(size) KiB free, \(wanted) wanted"
        case .hugePages(let wanted):
            "no size of huge pages has \(wanted) MiB free and divides that evenly"
        case .device: "no free device on it or near enough to it"
        }
    }
}

extension NUMAShortage: CustomStringConvertible {
    /// Cells that a description names.
    private static let shownMax = 16

    /// One sentence for operators.
    public var description: String {
        switch self {
        case .tooFewCells(let found, let wanted):
            "it has \(found) NUMA cells, the guest has \(wanted) NUMA nodes"
        case .noRoom(let node, let cells):
            "the guest's NUMA node \(node) fits no NUMA cell: " + Self.text(cells)
        case .crowded(let nodes, let cells):
            "the guest's \(nodes) NUMA nodes need a NUMA cell each, and only cells"
                + " \(cells.map { "\($0)" }.joined(separator: ", ")) have room"
        case .farFromDevices(let policies, let cells):
            policies.isEmpty
                ? "no choice of NUMA cells with room has free devices for all requests at once"
                : "no choice of NUMA cells with room is as near to free devices as policy "
                    + policies.map { "'\($0.rawValue)'" }.joined(separator: ", ") + " demands"
                    + (cells.isEmpty ? "" : ": " + Self.text(cells))
        case .searchEnded(let choices):
            "none of the \(choices) choices of NUMA cells that were tried is near all devices, and"
                + " the search ends there"
        }
    }

    private static func text(_ cells: [CellVerdict]) -> String {
        let shown = cells.prefix(shownMax).map { "cell \($0.cell): \($0.lacking)" }
        let more = cells.count > shownMax ? ["and \(cells.count - shownMax) more"] : []
        return (shown + more).joined(separator: "; ")
    }
}
