import DiskFormats
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

extension InstanceDisks {
    /// Makes a disk as an overlay on a cached image, or keeps the one that is there if it has the
    /// same backing image: a guest may own it. One that is smaller than wanted is made larger,
    /// which works only while no guest has it open.
    /// - Parameters:
    ///   - sizeBytes: size of the disk; at least the image's virtual size.
    /// - Throws: `GuestDiskError`, or `CancellationError`.
    public func ensureDisk(
        _ disk: InstanceDisk, instanceID: String, base: CachedImage, sizeBytes: UInt64
    ) async throws -> OverlayDisk {
        let path = try path(disk, instanceID: instanceID)
        if let found = try existingDisk(path, base) {
            return try await growing(found, base, to: sizeBytes)
        }
        guard sizeBytes >= base.virtualSizeBytes else {
            throw GuestDiskError.diskSmallerThanImage(
                instanceID: instanceID, requestedBytes: sizeBytes,
                imageBytes: base.virtualSizeBytes)
        }
        try SafeName.checkDirectory(base.path)
        guard try HostFile.size(base.path) != nil else {
            throw GuestDiskError.missingBaseImage(path: base.path)
        }
        let folder = try folder(instanceID)
        try HostFile.makeFolder(folder)
        let partPath = "\(path).\(UUID().uuidString)\(Self.partSuffix)"
        do {
            try await tool.createOverlay(path: partPath, base: base, sizeBytes: sizeBytes)
            let made = try await publish(partPath, as: path, in: folder, base, sizeBytes)
            try HostFile.remove(partPath)
            return made
        } catch {
            try HostFile.remove(partPath)
            throw error
        }
    }

    private func growing(
        _ found: OverlayDisk, _ base: CachedImage, to sizeBytes: UInt64
    ) async throws -> OverlayDisk {
        guard found.virtualSizeBytes < sizeBytes else { return found }
        try await tool.resize(path: found.path, sizeBytes: sizeBytes)
        guard let grown = try existingDisk(found.path, base),
            grown.virtualSizeBytes >= sizeBytes
        else {
            throw GuestDiskError.io(operation: "resize", path: found.path, code: EIO)
        }
        logger.info(
            "disk made larger",
            metadata: ["path": "\(found.path)", "size_bytes": "\(grown.virtualSizeBytes)"])
        return grown
    }

    func overlay(_ path: String, sizeBytes: UInt64) throws(GuestDiskError) -> Qcow2Overlay {
        let head = try HostFile.read(
            path, offset: 0, count: DiskInspectionLimits.headWindowBytes)
        do throws(DiskFormatError) {
            return try Qcow2Overlay(head: head, fileSizeBytes: sizeBytes)
        } catch {
            throw .diskUnreadable(path: path, reason: error)
        }
    }

    /// For lists only: a disk that cannot be read is listed without its base.
    func backingFile(_ path: String) -> String? {
        do throws(GuestDiskError) {
            guard let size = try HostFile.size(path) else { return nil }
            return try overlay(path, sizeBytes: size).backingFile
        } catch {
            logger.warning("disk is unreadable", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// The disk at `path`, of whatever size; it must lie over `base`.
    private func existingDisk(
        _ path: String, _ base: CachedImage
    ) throws(GuestDiskError) -> OverlayDisk? {
        guard let size = try HostFile.size(path) else { return nil }
        let found = try overlay(path, sizeBytes: size)
        guard found.backingFile == base.path, found.backingFormat == base.format.rawValue else {
            throw .diskDiffers(
                path: path,
                found: Self.text(found.backingFile, found.backingFormat ?? "unnamed"),
                expected: Self.text(base.path, base.format.rawValue))
        }
        return OverlayDisk(path: path, virtualSizeBytes: found.virtualSizeBytes, isNew: false)
    }

    private static func text(_ file: String, _ format: String) -> String {
        "base \(file) (\(format))"
    }

    /// Gives a finished overlay its name, unless a disk has that name by now: link, unlike
    /// rename, never replaces.
    private func publish(
        _ partPath: String, as path: String, in folder: String, _ base: CachedImage,
        _ sizeBytes: UInt64
    ) async throws -> OverlayDisk {
        guard let made = try existingDisk(partPath, base) else {
            throw GuestDiskError.io(operation: "find", path: partPath, code: ENOENT)
        }
        try await Self.makeDurable(partPath)
        guard link(partPath, path) == 0 else {
            let code = errno
            if code == EEXIST, let disk = try existingDisk(path, base) {
                return try await growing(disk, base, to: sizeBytes)
            }
            throw GuestDiskError.io(operation: "link to \(path)", path: partPath, code: code)
        }
        try await HostFile.synchronizeFolder(folder)
        logger.info("disk made", metadata: ["path": "\(path)"])
        return OverlayDisk(path: path, virtualSizeBytes: made.virtualSizeBytes, isNew: true)
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
