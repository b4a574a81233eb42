/// What a device must be able to do at least, asked for on a port or by a flavor. A device whose
/// host could not find out about something that is asked for does not fit.
public struct DeviceRequirements: Codable, Sendable, Equatable, Hashable {
    /// Pairs of queues at least.
    public var queuePairsMin: Int?
    /// Speed of its link in Mbit/s at least.
    public var linkSpeedMbpsMin: Int?
    /// Largest packet in bytes at least.
    public var mtuMinBytes: Int?
    /// virtio features by ``VirtioFeature/name``; sorted, each once.
    public var features: [String]
    /// Whether the guest must be movable with the device attached.
    public var transparentMigration: Bool

    /// Nothing in particular.
    public init() {
        features = []
        transparentMigration = false
    }

    /// Whether any device will do.
    public var isEmpty: Bool { self == DeviceRequirements() }

    /// Both at once: of each wish the stronger.
    public func merged(with other: DeviceRequirements) -> DeviceRequirements {
        func stronger(_ one: Int?, _ two: Int?) -> Int? {
            [one, two].compactMap { $0 }.max()
        }
        var both = DeviceRequirements()
        both.queuePairsMin = stronger(queuePairsMin, other.queuePairsMin)
        both.linkSpeedMbpsMin = stronger(linkSpeedMbpsMin, other.linkSpeedMbpsMin)
        both.mtuMinBytes = stronger(mtuMinBytes, other.mtuMinBytes)
        both.features = Set(features).union(other.features).sorted()
        both.transparentMigration = transparentMigration || other.transparentMigration
        return both
    }
}
