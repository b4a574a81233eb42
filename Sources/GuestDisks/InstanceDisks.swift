import DiskFormats
import Foundation
import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// What the folder of one instance holds.
public struct InstanceDiskEntry: Sendable, Hashable {
    /// The instance's id, which is the folder's name.
    public let instanceID: String
    /// Paths of the base images under its disks by disk; nil for one that can't be read.
    public let disks: [InstanceDisk: String?]
    /// Whether the config drive's image is there.
    public let hasConfigDrive: Bool
}

/// A disk of an instance.
public struct OverlayDisk: Sendable, Hashable {
    /// Absolute path of the qcow2 overlay.
    public let path: String
    /// Size in bytes of the disk that the guest sees.
    public let virtualSizeBytes: UInt64
    /// False if the disk was there already and was kept.
    public let isNew: Bool
}

/// The disks of all instances on one compute host: a folder per instance with qcow2 overlays,
/// the config drive and the console's log. Every operation may be repeated.
public struct InstanceDisks: Sendable {
    let directory: String
    let tool: QemuImageTool
    let reserveBytes: UInt64
    let freeSpace: FreeSpaceProbe
    let logger: Logger

    /// - Parameters:
    ///   - directory: absolute path; made if it is not there.
    ///   - tool: `qemu-img` and its limits.
    ///   - reserveBytes: bytes of the file system that copies of disks must leave free; 1 GiB
    ///     unless told.
    ///   - freeSpace: asked before each copy.
    ///   - logger: gets one line per disk made or removed.
    /// - Throws: `GuestDiskError` if the folder's name is not allowed or it cannot be made.
    public init(
        directory: String, tool: QemuImageTool = .init(), reserveBytes: UInt64 = 1 << 30,
        freeSpace: @escaping FreeSpaceProbe = { try FileSystemSpace.freeBytes($0) },
        logger: Logger = Logger(label: "millrace.instance-disks")
    ) throws {
        try SafeName.checkDirectory(directory)
        try HostFile.makeFolder(directory)
        self.directory = directory
        self.tool = tool
        self.reserveBytes = reserveBytes
        self.freeSpace = freeSpace
        self.logger = logger
    }

    private static let configDriveName = "config.iso"
    private static let consoleLogName = "console.log"
    private static let copyName = "copy.qcow2"
    static let partSuffix = ".part"

    /// Where a disk of an instance is or will be.
    /// - Throws: `GuestDiskError.badName` for an id that is no safe file name.
    public func path(
        _ disk: InstanceDisk, instanceID: String
    ) throws(GuestDiskError) -> String {
        try folder(instanceID) + "/" + disk.fileName
    }

    /// Where the config drive of an instance is or will be.
    /// - Throws: `GuestDiskError.badName` for an id that is no safe file name.
    public func configDrivePath(instanceID: String) throws(GuestDiskError) -> String {
        try folder(instanceID) + "/" + Self.configDriveName
    }

    /// Where the hypervisor writes the console's log.
    /// - Throws: `GuestDiskError.badName` for an id that is no safe file name.
    public func consoleLogPath(instanceID: String) throws(GuestDiskError) -> String {
        try folder(instanceID) + "/" + Self.consoleLogName
    }

    /// Where the hypervisor writes a copy of a running guest's disk.
    /// - Throws: `GuestDiskError.badName` for an id that is no safe file name.
    public func copyPath(instanceID: String) throws(GuestDiskError) -> String {
        try folder(instanceID) + "/" + Self.copyName
    }

    /// Removes a disk. No guest may have it open.
    /// - Throws: `GuestDiskError`; none if there is no such disk.
    public func remove(_ disk: InstanceDisk, instanceID: String) async throws {
        let path = try path(disk, instanceID: instanceID)
        guard try HostFile.size(path) != nil else { return }
        try HostFile.remove(path)
        try await HostFile.synchronizeFolder(try folder(instanceID))
        logger.info("disk removed", metadata: ["path": "\(path)"])
    }

    /// Writes the config drive, replacing an older one at once: readers see one or the other.
    /// - Returns: its path.
    /// - Throws: `GuestDiskError`.
    public func writeConfigDrive(instanceID: String, image: [UInt8]) async throws -> String {
        let path = try configDrivePath(instanceID: instanceID)
        let folder = try folder(instanceID)
        try HostFile.makeFolder(folder)
        let partPath = "\(path).\(UUID().uuidString)\(Self.partSuffix)"
        let descriptor = try HostFile.create(partPath)
        do {
            defer { _ = close(descriptor) }
            try HostFile.write(image, to: descriptor, path: partPath)
            try await HostFile.synchronize(descriptor, path: partPath)
            try HostFile.rename(partPath, to: path)
        } catch {
            try HostFile.remove(partPath)
            throw error
        }
        try await HostFile.synchronizeFolder(folder)
        return path
    }

    /// Removes everything of the instance; nothing there is fine.
    /// - Throws: `GuestDiskError`.
    public func remove(instanceID: String) async throws {
        let folder = try folder(instanceID)
        guard access(folder, F_OK) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            // Another call may have been faster.
            guard access(folder, F_OK) != 0 else {
                throw GuestDiskError.io(operation: "remove", path: folder, code: EIO)
            }
        }
        try await HostFile.synchronizeFolder(directory)
        logger.info("instance's disks removed", metadata: ["path": "\(folder)"])
    }

    /// Removes unfinished files and copies that an earlier process left behind. To be called
    /// once, at start.
    /// - Returns: the paths removed.
    /// - Throws: `GuestDiskError.io`.
    @discardableResult
    public func removeLeftovers() throws(GuestDiskError) -> [String] {
        var removed: [String] = []
        for name in try HostFile.names(in: directory)
        where HostFile.isFolder("\(directory)/\(name)") {
            for file in try HostFile.names(in: "\(directory)/\(name)")
            where file.hasSuffix(Self.partSuffix) || file == Self.copyName {
                let path = "\(directory)/\(name)/\(file)"
                try HostFile.remove(path)
                removed.append(path)
            }
        }
        return removed
    }

    /// All instances that have a folder here, sorted by id.
    /// - Throws: `GuestDiskError`.
    public func list() throws(GuestDiskError) -> [InstanceDiskEntry] {
        var entries: [InstanceDiskEntry] = []
        for name in try HostFile.names(in: directory)
        where HostFile.isFolder("\(directory)/\(name)") {
            let files = try HostFile.names(in: "\(directory)/\(name)")
            var disks: [InstanceDisk: String?] = [:]
            for file in files {
                guard let disk = InstanceDisk(fileName: file) else { continue }
                disks.updateValue(backingFile("\(directory)/\(name)/\(file)"), forKey: disk)
            }
            entries.append(
                InstanceDiskEntry(
                    instanceID: name, disks: disks,
                    hasConfigDrive: files.contains(Self.configDriveName)))
        }
        return entries
    }

    func folder(_ instanceID: String) throws(GuestDiskError) -> String {
        try SafeName.check(instanceID, kind: "instance id")
        return "\(directory)/\(instanceID)"
    }
}
