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
    /// Whether the qcow2 overlay is there.
    public let hasRootDisk: Bool
    /// Whether the config drive's image is there.
    public let hasConfigDrive: Bool
    /// Path of the base image under the root disk; nil without a readable root disk.
    public let backingFile: String?
}

/// An instance's root disk.
public struct RootDisk: Sendable, Hashable {
    /// Absolute path of the qcow2 overlay.
    public let path: String
    /// Size in bytes of the disk that the guest sees.
    public let virtualSizeBytes: UInt64
    /// False if the disk was there already and was kept.
    public let isNew: Bool
}

/// The disks of all instances on one compute host: a folder per instance with a qcow2 overlay,
/// the config drive and the console's log. Every operation may be repeated.
public struct InstanceDisks: Sendable {
    private let directory: String
    private let tool: QemuImageTool
    private let logger: Logger

    /// - Parameters:
    ///   - directory: absolute path; made if it is not there.
    ///   - tool: `qemu-img` and its limits.
    ///   - logger: gets one line per disk made or removed.
    /// - Throws: `GuestDiskError` if the folder's name is not allowed or it cannot be made.
    public init(
        directory: String, tool: QemuImageTool = .init(),
        logger: Logger = Logger(label: "millrace.instance-disks")
    ) throws {
        try SafeName.checkDirectory(directory)
        try HostFile.makeFolder(directory)
        self.directory = directory
        self.tool = tool
        self.logger = logger
    }

    private static let rootDiskName = "disk.qcow2"
    private static let configDriveName = "config.iso"
    private static let consoleLogName = "console.log"
    private static let partSuffix = ".part"

    /// Where the root disk of an instance is or will be.
    /// - Throws: `GuestDiskError.badName` for an id that is no safe file name.
    public func rootDiskPath(instanceID: String) throws(GuestDiskError) -> String {
        try folder(instanceID) + "/" + Self.rootDiskName
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

    /// Makes the root disk as an overlay on a cached image, or keeps the one that is there if it
    /// has the same backing image and at least the size wanted: a guest may own it.
    /// - Parameters:
    ///   - sizeBytes: size of the disk; at least the image's virtual size.
    /// - Throws: `GuestDiskError`, or `CancellationError`.
    public func ensureRootDisk(
        instanceID: String, base: CachedImage, sizeBytes: UInt64
    ) async throws -> RootDisk {
        let path = try rootDiskPath(instanceID: instanceID)
        if let disk = try existingDisk(path, base, sizeBytes) { return disk }
        guard sizeBytes >= base.virtualSizeBytes else {
            throw GuestDiskError.diskSmallerThanImage(
                instanceID: instanceID, requestedBytes: sizeBytes,
                imageBytes: base.virtualSizeBytes)
        }
        try SafeName.checkDirectory(base.path)
        guard try HostFile.size(base.path) != nil else {
            throw GuestDiskError.missingBaseImage(path: base.path)
        }
        try HostFile.makeFolder(try folder(instanceID))
        let partPath = "\(path).\(UUID().uuidString)\(Self.partSuffix)"
        do {
            try await tool.createOverlay(path: partPath, base: base, sizeBytes: sizeBytes)
            let disk = try await publish(partPath, as: path, base, sizeBytes)
            try HostFile.remove(partPath)
            return disk
        } catch {
            try HostFile.remove(partPath)
            throw error
        }
    }

    /// Removes the root disk, as a rebuild does before it makes the new one.
    /// - Throws: `GuestDiskError`; none if there is no disk.
    public func removeRootDisk(instanceID: String) async throws {
        try HostFile.remove(try rootDiskPath(instanceID: instanceID))
        let folder = try folder(instanceID)
        if access(folder, F_OK) == 0 { try await HostFile.synchronizeFolder(folder) }
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

    /// All instances that have a folder here, sorted by id.
    /// - Throws: `GuestDiskError`.
    public func list() throws(GuestDiskError) -> [InstanceDiskEntry] {
        var entries: [InstanceDiskEntry] = []
        for name in try HostFile.names(in: directory)
        where HostFile.isFolder("\(directory)/\(name)") {
            let files = try HostFile.names(in: "\(directory)/\(name)")
            let hasRootDisk = files.contains(Self.rootDiskName)
            entries.append(
                InstanceDiskEntry(
                    instanceID: name, hasRootDisk: hasRootDisk,
                    hasConfigDrive: files.contains(Self.configDriveName),
                    backingFile: hasRootDisk
                        ? backingFile("\(directory)/\(name)/\(Self.rootDiskName)") : nil))
        }
        return entries
    }
}

extension InstanceDisks {
    private func folder(_ instanceID: String) throws(GuestDiskError) -> String {
        try SafeName.check(instanceID, kind: "instance id")
        return "\(directory)/\(instanceID)"
    }

    private func overlay(_ path: String, sizeBytes: UInt64) throws(GuestDiskError) -> Qcow2Overlay {
        let head = try HostFile.read(
            path, offset: 0, count: DiskInspectionLimits.headWindowBytes)
        do throws(DiskFormatError) {
            return try Qcow2Overlay(head: head, fileSizeBytes: sizeBytes)
        } catch {
            throw .diskUnreadable(path: path, reason: error)
        }
    }

    /// For lists only: a disk that cannot be read is listed without its base.
    private func backingFile(_ path: String) -> String? {
        do throws(GuestDiskError) {
            guard let size = try HostFile.size(path) else { return nil }
            return try overlay(path, sizeBytes: size).backingFile
        } catch {
            logger.warning("root disk is unreadable", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func existingDisk(
        _ path: String, _ base: CachedImage, _ sizeBytes: UInt64
    ) throws(GuestDiskError) -> RootDisk? {
        guard let size = try HostFile.size(path) else { return nil }
        let found = try overlay(path, sizeBytes: size)
        let isWanted =
            found.backingFile == base.path
            && found.backingFormat == base.format.rawValue
            && found.virtualSizeBytes >= sizeBytes
        guard isWanted else {
            throw .diskDiffers(
                path: path,
                found: Self.text(
                    found.backingFile, found.backingFormat ?? "unnamed", found.virtualSizeBytes),
                expected: Self.text(base.path, base.format.rawValue, sizeBytes))
        }
        return RootDisk(path: path, virtualSizeBytes: found.virtualSizeBytes, isNew: false)
    }

    private static func text(_ file: String, _ format: String, _ sizeBytes: UInt64) -> String {
        "\(sizeBytes) bytes on \(file) (\(format))"
    }

    /// Gives a finished overlay its name, unless a disk has that name by now: link, unlike
    /// rename, never replaces.
    private func publish(
        _ partPath: String, as path: String, _ base: CachedImage, _ sizeBytes: UInt64
    ) async throws -> RootDisk {
        guard let made = try existingDisk(partPath, base, sizeBytes) else {
            throw GuestDiskError.io(operation: "find", path: partPath, code: ENOENT)
        }
        try await Self.makeDurable(partPath)
        guard link(partPath, path) == 0 else {
            let code = errno
            if code == EEXIST, let disk = try existingDisk(path, base, sizeBytes) { return disk }
            throw GuestDiskError.io(operation: "link to \(path)", path: partPath, code: code)
        }
        try await HostFile.synchronizeFolder(String(path.dropLast(Self.rootDiskName.count + 1)))
        logger.info("root disk made", metadata: ["path": "\(path)"])
        return RootDisk(path: path, virtualSizeBytes: made.virtualSizeBytes, isNew: true)
    }

    private static func makeDurable(_ path: String) async throws {
        let descriptor = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw GuestDiskError.io(operation: "open", path: path, code: errno)
        }
        defer { _ = close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else {
            throw GuestDiskError.io(operation: "protect", path: path, code: errno)
        }
        try await HostFile.synchronize(descriptor, path: path)
    }
}
