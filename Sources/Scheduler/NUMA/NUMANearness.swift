import ComputeModel

/// Devices that a guest needs and where they are: the guest's NUMA nodes are placed near them.
public struct DeviceNeed: Sendable, Equatable {
    /// Free devices that would do, by their NUMA node; nil stands for those whose node nobody
    /// knows.
    public var free: [Int?: Int]
    /// How many of them the guest needs.
    public var count: Int
    /// How near they must be.
    public var policy: NUMAAffinityPolicy

    /// Such a need.
    public init(free: [Int?: Int], count: Int = 1, policy: NUMAAffinityPolicy) {
        self.free = free
        self.count = count
        self.policy = policy
    }
}

/// A set of a host's cells, by their position.
typealias CellMask = UInt64

/// A need in terms of a host's cells.
struct Nearness {
    /// Devices of one NUMA node.
    private struct Spot {
        let devices: Int
        /// The node's own cell.
        let cell: CellMask
        /// All cells of its socket, its own among them.
        let socket: CellMask
    }

    let need: DeviceNeed
    private var spots: [Spot] = []
    private var unknown = 0

    init(_ need: DeviceNeed, cells: [(id: Int, socket: Int?)]) {
        self.need = need
        for (node, devices) in need.free where devices > 0 {
            guard let node else {
                unknown = devices
                continue
            }
            guard let home = cells.firstIndex(where: { $0.id == node }) else { continue }
            let cell: CellMask = 1 << CellMask(home)
            var socket = cell
            if let number = cells[home].socket {
                for (position, other) in cells.enumerated() where other.socket == number {
                    socket |= 1 << CellMask(position)
                }
            }
            let known = cells[home].socket != nil
            if need.policy == .socket, !known { continue }
            spots.append(Spot(devices: devices, cell: cell, socket: socket))
        }
    }

    /// Devices that would do for a guest on `chosen`.
    private func held(_ chosen: CellMask) -> Int {
        switch need.policy {
        case .preferred: need.count
        case .required: near(chosen, \.cell)
        case .legacy: near(chosen, \.cell) + unknown
        case .socket: near(chosen, \.socket)
        }
    }

    private func near(_ chosen: CellMask, _ reach: KeyPath<Spot, CellMask>) -> Int {
        spots.reduce(0) { $0 + ($1[keyPath: reach] & chosen == 0 ? 0 : $1.devices) }
    }

    /// Devices that are still missing; 0 when the policy holds.
    func missing(_ chosen: CellMask) -> Int { max(0, need.count - held(chosen)) }

    /// What the cells in `more` add to the devices that will do.
    func gain(_ chosen: CellMask, _ more: CellMask) -> Int { held(chosen | more) - held(chosen) }

    /// How near the needed devices are, for comparing: 3 for each one on a cell of the guest, 1
    /// for each on a socket of it.
    func comfort(_ chosen: CellMask) -> Int {
        2 * min(need.count, near(chosen, \.cell)) + min(need.count, near(chosen, \.socket))
    }
}
