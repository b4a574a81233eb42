import ControlPlaneState
import Placement
import Scheduler

/// What compute works with.
public typealias ConductorContext = ControlPlaneContext<ConductorSettings>

/// Every limit and time of compute. Read once from the configuration.
public struct ConductorSettings: Sendable, Equatable {
    /// A host counts as down when nothing was heard for so long.
    public var hostDownAfter: Duration = .seconds(60)
    /// How long an agent's poll may be held.
    public var pollTimeout: Duration = .seconds(20)
    /// A guest must be up so long after it was assigned, image transfer included.
    public var buildTimeout: Duration = .seconds(1_200)
    /// How long a host that is up may take to remove a guest before deletion goes on without it.
    public var removalTimeout: Duration = .seconds(300)
    /// How long a host may take to start, stop, pause, suspend or re-plug a guest that is built.
    public var actionTimeout: Duration = .seconds(600)
    /// How long the copy of a root disk may take until it is stored here.
    public var exportTimeout: Duration = .seconds(3_600)
    /// A live migration is given up after so long.
    public var migrationTimeout: Duration = .seconds(3_600)
    /// How long a guest may stand still at the end of its live migration.
    public var migrationDowntime: Duration = .milliseconds(500)
    /// Most MiB a second that one live migration takes; nil for no limit.
    public var migrationBandwidthMiBPerSecond: Int?
    /// Whether guests may migrate between hosts that don't encrypt: their memory can be read on
    /// the way.
    public var allowsPlainMigration = false
    /// Guests that leave one host at the same time.
    public var liveMigrationsPerHostMax = 1
    /// Whether a resize stays on its host where the new flavor fits.
    public var resizesInPlace = true
    /// A resize is confirmed by itself after so long; nil: never.
    public var resizeConfirmWindow: Duration?
    /// A shelved instance is taken off its host at once; else when it is asked for.
    public var offloadsShelved = true
    /// How hosts are chosen.
    public var placement = PlacementSettings(ratios: OvercommitRatios(cpu: 4))
    /// How long a question to a host may take.
    public var questionTimeout: Duration = .seconds(15)
    /// Most bytes of a console log that are fetched.
    public var consoleBytesMax = 256 * 1024
    /// vCPUs given out per shared CPU thread.
    public var cpuRatio: Double { placement.ratios.cpu }
    /// Zone of hosts that name none.
    public var defaultZone = "nova"
    /// Instances a project may have.
    public var instancesPerProjectMax = 10_000
    /// Server groups a project may have.
    public var serverGroupsPerProjectMax = 1_000
    /// Servers a server group may have.
    public var serverGroupMembersMax = 1_000
    /// Instances one request may make: they are placed in one transaction, and each is three of
    /// the 128 writes that one can have.
    public var instancesPerRequestMax = 40
    /// Bytes of user data, as Base64 text, that the servers of one request have together.
    public var userDataPerRequestBytesMax = 768 << 10
    /// How long deleted instances are kept for their event list.
    public var deletedInstanceKept: Duration = .seconds(24 * 3_600)
    /// Devices that flavors may ask for by name.
    public var deviceAliases = DeviceAliases()

    /// The defaults.
    public init() {}
}
