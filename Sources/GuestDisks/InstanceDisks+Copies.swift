import DiskFormats
import Foundation

/// Takes a file: its size in bytes, and a source of its chunks in order, nil at the end.
public typealias DiskCopyConsumer =
    @Sendable (
        _ sizeBytes: UInt64, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws -> Void

extension InstanceDisks {
    /// Longest chunk of a copy that is handed on.
    public static let chunkBytesMax = 1 << 20

    /// Hands on a complete copy (qcow2 without backing file) of a disk whose guest is off.
    /// - Throws: `GuestDiskError`, `CancellationError`, or what `consume` throws. The temporary
    ///   file is removed in every case.
    public func export(
        _ disk: InstanceDisk, instanceID: String, consume: DiskCopyConsumer
    ) async throws {
        let source = try path(disk, instanceID: instanceID)
        try checkSpaceForCopy(disk, instanceID: instanceID)
        let partPath =
            try folder(instanceID) + "/export.\(UUID().uuidString)\(Self.partSuffix)"
        try await removing(partPath) {
            try await tool.convert(path: source, to: partPath)
            try await Self.stream(partPath, consume)
        }
    }

    /// Hands on the copy that the hypervisor wrote to ``copyPath(instanceID:)``, and removes it,
    /// also when that failed.
    /// - Throws: as ``export(_:instanceID:consume:)``.
    public func exportCopy(instanceID: String, consume: DiskCopyConsumer) async throws {
        let path = try copyPath(instanceID: instanceID)
        try await removing(path) { try await Self.stream(path, consume) }
    }

    /// Removes a copy at ``copyPath(instanceID:)``; none there is fine.
    /// - Throws: `GuestDiskError`.
    public func removeCopy(instanceID: String) throws(GuestDiskError) {
        try HostFile.remove(try copyPath(instanceID: instanceID))
    }

    /// Whether a complete copy of the disk fits beside it.
    /// - Throws: `GuestDiskError.notEnoughSpace` if it may not; `io` if there is no such disk.
    public func checkSpaceForCopy(_ disk: InstanceDisk, instanceID: String) throws {
        let path = try path(disk, instanceID: instanceID)
        guard let size = try HostFile.size(path) else {
            throw GuestDiskError.io(operation: "find", path: path, code: ENOENT)
        }
        let overlay = try overlay(path, sizeBytes: size)
        let base = try Self.contentBytes(overlay)
        let content = min(overlay.virtualSizeBytes, size.addingClamped(base))
        let needed = reserveBytes.addingClamped(content)
        let free = try freeSpace(directory)
        guard needed <= free else {
            throw GuestDiskError.notEnoughSpace(
                directory: directory, neededBytes: needed, freeBytes: free)
        }
    }

    /// Most bytes that a base image adds to a copy. A qcow2 may be compressed, which the copy is
    /// not: then it is the size of the disk in it.
    private static func contentBytes(_ overlay: Qcow2Overlay) throws(GuestDiskError) -> UInt64 {
        guard let size = try HostFile.size(overlay.backingFile) else {
            throw .missingBaseImage(path: overlay.backingFile)
        }
        guard overlay.backingFormat == DiskImageFormat.qcow2.rawValue else { return size }
        // The header's virtual size, big-endian (QEMU's docs/interop/qcow2.txt).
        return try HostFile.read(overlay.backingFile, offset: 24, count: 8)
            .reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func removing(_ path: String, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            try HostFile.remove(path)
            throw error
        }
        try HostFile.remove(path)
    }

    private static func stream(_ path: String, _ consume: DiskCopyConsumer) async throws {
        let file = try FileChunks(path: path, chunkBytes: chunkBytesMax)
        try await consume(file.sizeBytes) { try await file.next() }
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
