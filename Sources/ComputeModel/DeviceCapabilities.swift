/// What a device can do, as its driver and the kernel say. Nil means that nobody said.
public struct DeviceCapabilities: Codable, Sendable, Equatable, Hashable {
    /// Pairs of receive and transmit queues it offers at most.
    public var queuePairsMax: Int?
    /// Largest packet in bytes.
    public var mtuMaxBytes: Int?
    /// Speed of the link it is wired to, in Mbit/s.
    public var linkSpeedMbps: Int?
    /// virtio features that it offers, by ``VirtioFeature/name``; sorted, each once.
    public var features: [String]
    /// The kernel driver behind the device, such as `mlx5_core` or `vp_vdpa`.
    public var driver: String?
    /// Whether a guest can be migrated with the device attached: its driver stops the device,
    /// and takes its queues' state out and in again.
    public var transparentMigration: Bool?

    /// Nothing known, to be set one by one.
    public init() {
        features = []
    }
}

/// The virtio-net features that requests may name, with their bit in the device's feature word.
/// Source: virtio 1.3, sections 5.1.3 and 6.
public enum VirtioFeature: String, CaseIterable, Sendable {
    case mtu, mac, status
    case controlQueue = "ctrl_vq"
    case multiqueue = "mq"
    case packedRing = "packed_ring"
    case eventIndex = "event_idx"
    case guestAnnounce = "guest_announce"
    case checksumOffload = "csum"
    case segmentationOffload = "tso"
    case receiveSideScaling = "rss"
    case ringReset = "ring_reset"
    case inOrder = "in_order"

    /// The name that requests and lists use.
    public var name: String { rawValue }

    /// The feature's bit number.
    public var bit: Int {
        switch self {
        case .checksumOffload: 0
        case .mtu: 3
        case .mac: 5
        case .segmentationOffload: 11
        case .status: 16
        case .controlQueue: 17
        case .guestAnnounce: 21
        case .multiqueue: 22
        case .eventIndex: 29
        case .packedRing: 34
        case .inOrder: 35
        case .ringReset: 40
        case .receiveSideScaling: 60
        }
    }

    /// Names of the features in a device's feature word that have one here, sorted.
    public static func names(in word: UInt64) -> [String] {
        allCases.filter { word >> UInt64($0.bit) & 1 == 1 }.map(\.name).sorted()
    }
}
