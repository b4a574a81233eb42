import ComputeModel

/// Disks of guests on this host, each guest's in a place of its own. Every call is safe to
/// repeat, and nothing appears under its final name before it is complete and durable.
public protocol GuestStorage: Sendable {
    /// Makes the root disk: fetches the image if the host hasn't got it, proves its digest, and
    /// lays a disk of `sizeGiB` (0: the image's own size) over it. Nothing to do when the disk is
    /// there. Stops soon when the calling task is cancelled. `refused` for a bad image or when
    /// the disk space is not enough.
    func prepareRoot(
        _ instance: InstanceID, image: GuestImage, sizeGiB: Int, fetch: @escaping ImageFetch
    ) async throws(DriverError)

    /// Writes the config drive, replacing an older one.
    func writeConfigDrive(
        _ instance: InstanceID, guest: GuestDefinition
    ) async throws(DriverError)

    /// Where the guest's files are or will be; no I/O.
    func paths(_ instance: InstanceID) -> GuestPaths

    /// Removes everything of the guest, its console log included. Nothing to do when there is
    /// nothing. Cached images stay.
    func remove(_ instance: InstanceID) async throws(DriverError)

    /// All guests of which anything is stored, half-made ones included.
    func list() async throws(DriverError) -> [StoredGuest]

    /// Space for guests' disks.
    func capacity() async throws(DriverError) -> StorageCapacity
}

/// Streams an image's bytes to `receive`, in order, in chunks of at most 1 MiB, and ends when
/// all were received. An error thrown by `receive` ends the stream and comes back as a
/// `DriverError`.
public typealias ImageFetch =
    @Sendable (
        _ image: ImageID, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(DriverError) -> Void

/// A guest's files.
public struct GuestPaths: Sendable, Equatable {
    /// The root disk.
    public var root: PlannedDisk
    /// The config drive's image.
    public var configDrive: String
    /// The file that the serial console is appended to; its folder exists.
    public var consoleLog: String

    /// Paths; see the fields.
    public init(root: PlannedDisk, configDrive: String, consoleLog: String) {
        self.root = root
        self.configDrive = configDrive
        self.consoleLog = consoleLog
    }
}

/// What is stored of a guest.
public struct StoredGuest: Sendable, Equatable {
    /// The instance.
    public var instanceID: InstanceID
    /// Whether its root disk is complete.
    public var hasRoot: Bool
    /// Whether its config drive is complete.
    public var hasConfigDrive: Bool

    /// What is stored; see the fields.
    public init(instanceID: InstanceID, hasRoot: Bool, hasConfigDrive: Bool) {
        self.instanceID = instanceID
        self.hasRoot = hasRoot
        self.hasConfigDrive = hasConfigDrive
    }
}

/// Space of the file system that holds guests' disks.
public struct StorageCapacity: Sendable, Equatable {
    /// Its size in GiB.
    public var totalGiB: Int
    /// Free now, in GiB.
    public var freeGiB: Int

    /// An amount; see the fields.
    public init(totalGiB: Int, freeGiB: Int) {
        self.totalGiB = totalGiB
        self.freeGiB = freeGiB
    }
}
