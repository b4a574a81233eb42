import ComputeModel

/// What simulated devices say of themselves, as a card of their maker would.
enum SimulatedCapabilities {
    /// A card of Mellanox's vendor id is one that keeps its guests' queues over a migration, any
    /// other one that can't, so that fleets have both.
    static func of(_ card: SimulatedPFSpec, _ kind: DeviceKind) -> DeviceCapabilities {
        var known = DeviceCapabilities()
        let isMellanox = card.vendorID == "15b3"
        known.linkSpeedMbps = isMellanox ? 100_000 : 10_000
        known.driver = isMellanox ? "mlx5_core" : "vp_vdpa"
        guard kind == .vdpa else { return known }
        known.queuePairsMax = isMellanox ? 16 : 1
        known.mtuMaxBytes = isMellanox ? 9_000 : 1_500
        known.features =
            isMellanox
            ? ["csum", "ctrl_vq", "event_idx", "mac", "mq", "mtu", "status", "tso"]
            : ["csum", "mac", "mtu", "status"]
        known.transparentMigration = isMellanox
        return known
    }
}
