import ComputeModel

/// How much is lost by giving a device away: of devices that will do, the lowest rank is given, so
/// that rich devices stay for requests that need them.
///
/// Compared number by number: what a kind of device takes with it (a VF nothing, a PF all its
/// children), migration with the device attached, the tags that requests may ask for, then
/// features, queue pairs, link speed, packet size, and whether its MAC can be set. A device that
/// can do no more than another in any of them never ranks above it.
public struct DeviceRank: Sendable, Equatable, Comparable {
    /// The numbers, the most important first.
    public let parts: [Int]

    /// The rank of `device`. What nobody knows of it counts as 0: no request can ask for it.
    public init(of device: Device) {
        let can = device.capabilities
        let tags = device.tags
        let flags = [
            can?.transparentMigration, tags?.remoteManaged, tags?.trusted, tags?.liveMigratable,
        ].map { $0 == true ? 1 : 0 }
        let named = (tags?.resourceClass == nil ? 0 : 1) + (tags?.traits.count ?? 0)
        parts =
            [Self.weight(device.kind)] + flags + [
                named, can?.features.count ?? 0, can?.queuePairsMax ?? 0,
                can?.linkSpeedMbps ?? 0, can?.mtuMaxBytes ?? 0, device.macSettable ? 1 : 0,
            ]
    }

    private static func weight(_ kind: DeviceKind) -> Int {
        switch kind {
        case .vf: 0
        case .pci: 1
        case .vdpa: 2
        case .pf: 3
        }
    }

    /// Whether giving away the left one loses less.
    public static func < (left: DeviceRank, right: DeviceRank) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }
}

extension DeviceRank {
    /// How far a device is from a guest: 0 on one of its cells, 1 on one of its sockets, 2 nobody
    /// knows, 3 elsewhere. What the policy `preferred` goes by.
    static func distance(_ node: Int?, guestCells: [Int], sockets: [Int: Int]) -> Int {
        guard let node else { return 2 }
        if guestCells.contains(node) { return 0 }
        guard let socket = sockets[node] else { return 3 }
        return guestCells.contains { sockets[$0] == socket } ? 1 : 3
    }
}
