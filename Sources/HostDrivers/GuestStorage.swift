import ComputeModel

/// Disks of guests on this host, each guest's in a place of its own. Every call is safe to
/// repeat, and nothing appears under its final name before it is complete and durable.
public protocol GuestStorage: Sendable {
    /// Makes a disk: fetches the image if the host hasn't got it, proves its digest, and lays a
    /// disk of `sizeGiB` (0: the image's own size) over it. Nothing to do when the disk is there.
    /// Stops soon when the calling task is cancelled. `refused` for a bad image or when the disk
    /// space is not enough.
    func prepare(
        _ disk: GuestDisk, of instance: InstanceID, image: GuestImage, sizeGiB: Int,
        fetch: @escaping ImageFetch
    ) async throws(DriverError)

    /// Removes one disk; nothing to do when it isn't there.
    func remove(_ disk: GuestDisk, of instance: InstanceID) async throws(DriverError)

    /// Where copies of running guests' disks are written before they are read by `export`.
    func copyPath(_ instance: InstanceID) -> String

    /// Hands a complete copy of a root disk, qcow2 without backing file, to `send` in order, in
    /// chunks of at most 1 MiB: of the file at `copyPath` if `isCopied`, else of the disk itself,
    /// whose guest must be off. `send` is told the size first. The copy is removed at the end.
    func export(
        _ disk: GuestDisk, of instance: InstanceID, isCopied: Bool, send: @escaping ExportSend
    ) async throws(DriverError)

    /// Removes the file at `copyPath`, of an export that was cut off; nothing to do without one.
    func removeCopy(_ instance: InstanceID) async throws(DriverError)

    /// Writes the config drive, replacing an older one.
    func writeConfigDrive(
        _ instance: InstanceID, guest: GuestDefinition
    ) async throws(DriverError)

    /// Where the guest's files are or will be, with this root disk; no I/O.
    func paths(_ instance: InstanceID, root: GuestDisk) -> GuestPaths

    /// Removes everything of the guest, its console log included. Nothing to do when there is
    /// nothing. Cached images stay.
    func remove(_ instance: InstanceID) async throws(DriverError)

    /// All guests of which anything is stored, half-made ones included.
    func list() async throws(DriverError) -> [StoredGuest]

    /// Space for guests' disks.
    func capacity() async throws(DriverError) -> StorageCapacity
}

extension GuestStorage {
    /// For storage that never says `StoredGuest.hasCopy`: there is nothing to remove.
    public func removeCopy(_ instance: InstanceID) async throws(DriverError) {}
}

/// Streams an image's bytes to `receive`, in order, in chunks of at most 1 MiB, and ends when
/// all were received. An error thrown by `receive` ends the stream and comes back as a
/// `DriverError`.
public typealias ImageFetch =
    @Sendable (
        _ image: ImageID, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws(DriverError) -> Void

/// Stores a copy of a disk: takes its size in bytes and a source that gives chunks in order and
/// nil at the end.
public typealias ExportSend =
    @Sendable (
        _ sizeBytes: Int64, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(DriverError) -> Void

/// A disk that guests boot from.
public enum GuestDisk: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The guest's own disk; see `GuestDefinition.rootBuild`.
    case root(build: Int)
    /// The disk it is rescued with.
    case rescue

    /// Such as `root 1`.
    public var description: String {
        switch self {
        case .root(let build): "root \(build)"
        case .rescue: "rescue"
        }
    }
}

/// A guest's files.
public struct GuestPaths: Sendable, Equatable {
    /// The disk asked for.
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
    /// The disks that are complete.
    public var disks: Set<GuestDisk>
    /// Whether its config drive is complete.
    public var hasConfigDrive: Bool
    /// Whether a file is at `GuestStorage.copyPath`, complete or not.
    public var hasCopy = false

    /// What is stored; see the fields.
    public init(instanceID: InstanceID, disks: Set<GuestDisk>, hasConfigDrive: Bool) {
        self.instanceID = instanceID
        self.disks = disks
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
