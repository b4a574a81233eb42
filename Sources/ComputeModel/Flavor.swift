/// A size that instances are made in.
public struct Flavor: Codable, Sendable, Equatable {
    /// Chosen by the operator or made; unique.
    public var id: FlavorID
    /// Unique display name.
    public var name: String
    /// Free text.
    public var description: String?
    /// Virtual CPUs, at least 1.
    public var vcpus: Int
    /// Guest memory in MiB.
    public var memoryMiB: Int
    /// Root disk in GiB; 0 means the image's own size.
    public var diskGiB: Int
    /// Ephemeral disk in GiB (recorded, not built).
    public var ephemeralGiB: Int
    /// Swap in MiB (recorded, not built).
    public var swapMiB: Int
    /// Bandwidth factor, kept for old clients.
    public var rxtxFactor: Double
    /// Whether every project may use it.
    public var isPublic: Bool
    /// Projects that may use it when it is not public.
    public var accessProjects: [ProjectID]
    /// Scheduler and driver hints, such as `hw:cpu_policy`.
    public var extraSpecs: [String: String]

    /// A flavor; see the fields for units.
    public init(
        id: FlavorID, name: String, vcpus: Int, memoryMiB: Int, diskGiB: Int,
        ephemeralGiB: Int = 0, swapMiB: Int = 0, rxtxFactor: Double = 1, isPublic: Bool = true,
        description: String? = nil, accessProjects: [ProjectID] = [],
        extraSpecs: [String: String] = [:]
    ) {
        self.id = id
        self.name = name
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.diskGiB = diskGiB
        self.ephemeralGiB = ephemeralGiB
        self.swapMiB = swapMiB
        self.rxtxFactor = rxtxFactor
        self.isPublic = isPublic
        self.description = description
        self.accessProjects = accessProjects
        self.extraSpecs = extraSpecs
    }
}
