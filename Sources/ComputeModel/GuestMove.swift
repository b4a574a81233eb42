import Foundation

/// How a guest is taken down that shall be built anew.
public enum GuestRestart: String, Codable, Sendable {
    /// It is asked to shut down; its power is taken when it doesn't in time.
    case soft
    /// Its power is taken.
    case hard
}

/// A guest that comes by live migration.
public struct GuestArrival: Codable, Sendable, Equatable {
    /// The migration.
    public var migrationID: MigrationID
    /// The host that it comes from.
    public var sourceHostName: String

    /// A guest of `migrationID`; see the fields.
    public init(migrationID: MigrationID, sourceHostName: String) {
        self.migrationID = migrationID
        self.sourceHostName = sourceHostName
    }
}

/// A guest that leaves by live migration.
public struct GuestDeparture: Codable, Sendable, Equatable {
    /// The migration.
    public var migrationID: MigrationID
    /// Where the other host's hypervisor takes guests, such as `qemu+tls://host2/system`.
    public var destinationURI: String
    /// The other host's name, for messages.
    public var destinationHostName: String
    /// Where its NUMA nodes lie there; nil for a guest that floats.
    public var numa: NUMAPlacement?
    /// The other host's NUMA cells, with the CPUs that guests don't share; nil from releases that
    /// didn't tell.
    public var hostCells: [NUMACell]?
    /// Whether memory and disks travel encrypted; an agent that can't do that refuses.
    public var isEncrypted: Bool
    /// Most MiB a second that it may take; nil for no limit.
    public var bandwidthMiBPerSecond: Int?
    /// How long the guest may stand still at the end, in milliseconds.
    public var downtimeMS: Int
    /// Given up after so many milliseconds, counted from the first byte.
    public var timeoutMS: Int
    /// The guest is made to run on the other host now, whatever is still to be copied. The only
    /// member that changes without another generation: the departure goes on.
    public var isForced: Bool

    /// A departure that is not forced; see the fields.
    public init(
        migrationID: MigrationID, destinationURI: String, destinationHostName: String,
        numa: NUMAPlacement?, isEncrypted: Bool, bandwidthMiBPerSecond: Int?, downtimeMS: Int,
        timeoutMS: Int
    ) {
        self.migrationID = migrationID
        self.destinationURI = destinationURI
        self.destinationHostName = destinationHostName
        self.numa = numa
        self.isEncrypted = isEncrypted
        self.bandwidthMiBPerSecond = bandwidthMiBPerSecond
        self.downtimeMS = downtimeMS
        self.timeoutMS = timeoutMS
        isForced = false
    }
}

/// A copy of a guest's root disk that is stored as an image: a snapshot, or on its way to another
/// host.
public struct DiskExport: Codable, Sendable, Equatable {
    /// The image, which exists and waits for its data.
    public var imageID: ImageID
    /// Always `qcow2`: complete, without a backing file.
    public var format: String

    /// A copy to be stored as `imageID`.
    public init(imageID: ImageID) {
        self.imageID = imageID
        format = "qcow2"
    }
}

/// What an agent says of a live migration, on either side.
public struct GuestMigrationReport: Codable, Sendable, Equatable {
    /// The migration.
    public var migrationID: MigrationID
    /// Bytes of memory.
    public var memoryTotalBytes: Int64
    /// Bytes of memory still to be sent.
    public var memoryRemainingBytes: Int64
    /// Bytes of disks.
    public var diskTotalBytes: Int64
    /// Bytes of disks still to be sent.
    public var diskRemainingBytes: Int64
    /// Source: when the first vDPA NIC was asked to go. By the agent's clock; the control plane
    /// turns it into its own with the time of the report.
    public var networkLostAt: Date?
    /// Destination: when the last vDPA NIC was back and its port plugged.
    public var networkBackAt: Date?

    /// A report of no progress yet.
    public init(migrationID: MigrationID) {
        self.migrationID = migrationID
        memoryTotalBytes = 0
        memoryRemainingBytes = 0
        diskTotalBytes = 0
        diskRemainingBytes = 0
    }
}

/// What agents can do beyond building, stopping and removing guests. An operation that needs more
/// than a host's agent can do is refused before anything changes.
public enum AgentAbility: String, Codable, Sendable, CaseIterable {
    /// Plugging and unplugging vDPA NICs of running guests.
    case hotplug
    /// Pausing and unpausing.
    case pause
    /// Saving a guest's memory and coming back from it.
    case suspend
    /// Restarting, rebuilding and rescuing: `Assignment.definedSince`, several root disks.
    case rebuild
    /// Copying root disks into images: snapshots, shelving, moves.
    case export
    /// Sending and receiving running guests.
    case liveMigrate = "live_migrate"
}
