import DiskFormats
import Foundation
import Logging

/// Takes the next bytes of an image, in order; returns when there is room for more.
public typealias ImageChunkConsumer = @Sendable (_ chunk: [UInt8]) async throws -> Void

/// Fetches an image and hands its bytes on, chunk by chunk. Must heed cancellation.
public typealias ImageFetch = @Sendable (_ deliver: ImageChunkConsumer) async throws -> Void

/// The cache's limits.
public struct ImageCacheLimits: Sendable, Hashable {
    /// Bytes of the file system that images must leave free.
    public var reserveBytes: UInt64
    /// Longest time for one image.
    public var downloadTimeout: Duration
    /// What is refused as too large.
    public var inspection: DiskInspectionLimits

    /// - Parameters:
    ///   - reserveBytes: 1 GiB unless told.
    ///   - downloadTimeout: one hour unless told.
    ///   - inspection: see `DiskInspectionLimits`.
    public init(
        reserveBytes: UInt64 = 1 << 30, downloadTimeout: Duration = .seconds(3600),
        inspection: DiskInspectionLimits = .init()
    ) {
        self.reserveBytes = reserveBytes
        self.downloadTimeout = downloadTimeout
        self.inspection = inspection
    }
}

/// The base images of one compute host. A file under its final name is complete, verified,
/// inspected and durable; requests for the same image share one download.
public actor ImageCache {
    private struct Download {
        let number: UInt64
        let task: Task<CachedImage, any Error>
        var waiters: Int
    }

    private let directory: String
    private let limits: ImageCacheLimits
    private let freeSpace: FreeSpaceProbe
    private let logger: Logger
    private var downloads: [String: Download] = [:]
    private var downloadCount: UInt64 = 0
    /// Full sizes of all images being fetched: what they have written already counts twice,
    /// which errs on the side that cannot fill the disk.
    private var claimedBytes: UInt64 = 0

    private static let partSuffix = ".part"

    /// - Parameters:
    ///   - directory: absolute path; made if it is not there. One process uses it at a time.
    ///   - limits: see `ImageCacheLimits`.
    ///   - freeSpace: asked before each download.
    ///   - logger: gets one line per download and per file replaced.
    /// - Throws: `GuestDiskError` if the folder's name is not allowed or it cannot be made.
    public init(
        directory: String, limits: ImageCacheLimits = .init(),
        freeSpace: @escaping FreeSpaceProbe = { try FileSystemSpace.freeBytes($0) },
        logger: Logger = Logger(label: "millrace.image-cache")
    ) throws {
        try SafeName.checkDirectory(directory)
        try HostFile.makeFolder(directory)
        self.directory = directory
        self.limits = limits
        self.freeSpace = freeSpace
        self.logger = logger
    }

    /// Gives the image's file, fetching it first if it is not there.
    ///
    /// A caller that is cancelled still waits while others want the same download; the download
    /// ends early when all its callers are cancelled.
    /// - Throws: `GuestDiskError`, or `CancellationError`. Nothing is left behind then.
    public func ensure(_ image: BaseImage, fetch: @escaping ImageFetch) async throws -> CachedImage
    {
        let name = try image.fileName()
        while let abandoned = downloads[name], abandoned.waiters == 0 {
            _ = await abandoned.task.result
        }
        if downloads[name] == nil {
            if let cached = try cached(image, name) { return cached }
            downloadCount += 1
            let task = Task { try await self.download(image, name, fetch) }
            downloads[name] = Download(number: downloadCount, task: task, waiters: 0)
        }
        guard let download = downloads[name] else { throw CancellationError() }
        downloads[name]?.waiters += 1
        return try await withTaskCancellationHandler {
            try await download.task.value
        } onCancel: {
            Task { await self.leave(name, number: download.number) }
        }
    }

    /// Removes what interrupted downloads left behind. To be called once, at start.
    /// - Returns: the paths removed.
    /// - Throws: `GuestDiskError.io`.
    @discardableResult
    public func removeInterruptedDownloads() throws -> [String] {
        let names = try HostFile.names(in: directory).filter {
            $0.hasSuffix(Self.partSuffix) && downloads[String($0.dropLast(5))] == nil
        }
        for name in names { try HostFile.remove(path(name)) }
        return names.map(path)
    }

    /// The paths of all images in the cache, sorted.
    /// - Throws: `GuestDiskError.io`.
    public func imagePaths() throws -> [String] {
        try HostFile.names(in: directory).filter { !$0.hasSuffix(Self.partSuffix) }.map(path)
    }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private func leave(_ name: String, number: UInt64) {
        guard let download = downloads[name], download.number == number else { return }
        downloads[name]?.waiters -= 1
        if download.waiters == 1 { download.task.cancel() }
    }

    /// The image if its file is there and sound; a damaged one is fetched again, which is safe
    /// for running guests: they keep the file that they have open.
    private func cached(_ image: BaseImage, _ name: String) throws -> CachedImage? {
        let path = path(name)
        guard let size = try HostFile.size(path) else { return nil }
        let tailBytes = UInt64(DiskInspectionLimits.tailWindowBytes)
        let head = try HostFile.read(
            path, offset: 0, count: DiskInspectionLimits.headWindowBytes)
        let tail = try HostFile.read(
            path, offset: size - min(size, tailBytes), count: Int(min(size, tailBytes)))
        do throws(DiskFormatError) {
            guard size == image.sizeBytes else {
                throw .sizeMismatch(expectedBytes: image.sizeBytes, foundBytes: size)
            }
            let inspection = try DiskFormatInspector.inspect(
                head: head, tail: tail, fileSizeBytes: size, declared: image.format,
                limits: limits.inspection)
            return CachedImage(
                path: path, format: inspection.format,
                virtualSizeBytes: inspection.virtualSizeBytes)
        } catch {
            logger.warning(
                "cached image is damaged and fetched again",
                metadata: ["path": "\(path)", "reason": "\(error)"])
            return nil
        }
    }

    private func download(
        _ image: BaseImage, _ name: String, _ fetch: @escaping ImageFetch
    ) async throws -> CachedImage {
        defer { downloads[name] = nil }
        try claimSpace(for: image)
        defer { claimedBytes -= image.sizeBytes }
        let partPath = path(name + Self.partSuffix)
        let download = try ImageDownload(image, path: partPath, limits: limits.inspection)
        do {
            try await receive(image, download, fetch)
            let inspection = try await download.finish()
            await download.end()
            try HostFile.rename(partPath, to: path(name))
            try await HostFile.synchronizeFolder(directory)
            logger.info("image fetched", metadata: ["path": "\(path(name))"])
            return CachedImage(
                path: path(name), format: inspection.format,
                virtualSizeBytes: inspection.virtualSizeBytes)
        } catch {
            await download.end()
            try HostFile.remove(partPath)
            throw error
        }
    }

    private func claimSpace(for image: BaseImage) throws {
        let free = try freeSpace(directory)
        var needed = limits.reserveBytes
        for part in [claimedBytes, image.sizeBytes] {
            let (sum, overflow) = needed.addingReportingOverflow(part)
            needed = overflow ? .max : sum
        }
        guard needed <= free, needed < .max else {
            throw GuestDiskError.notEnoughSpace(
                directory: directory, neededBytes: needed, freeBytes: free)
        }
        claimedBytes += image.sizeBytes
    }

    private func receive(
        _ image: BaseImage, _ download: ImageDownload, _ fetch: @escaping ImageFetch
    ) async throws {
        let limit = limits.downloadTimeout
        do {
            try await withTimeLimit(
                limit, else: .downloadTimedOut(imageID: image.id, limit: limit)
            ) {
                try await fetch { try await download.take($0) }
            }
        } catch let error as GuestDiskError {
            throw error
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw GuestDiskError.downloadFailed(imageID: image.id, reason: "\(error)")
        }
        try Task.checkCancellation()
    }
}
