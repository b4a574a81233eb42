public import ComputeModel
internal import DiskFormats
internal import Foundation
internal import GuestDisks
public import HostDrivers
internal import Logging
internal import Synchronization

/// Guests' disks as files of this host: a cache of base images, and for each guest a folder with
/// qcow2 overlays, the config drive and the console's log.
public struct LocalGuestStorage: GuestStorage {
    static let bytesPerGiB: UInt64 = 1 << 30

    let cache: ImageCache
    let disks: InstanceDisks
    let directory: String
    let configDrive: ConfigDriveWriter
    let logger: Logger

    /// Fetches the image if need be and lays the disk over it.
    public func prepare(
        _ disk: GuestDisk, of instance: InstanceID, image: GuestImage, sizeGiB: Int,
        fetch: @escaping HostDrivers.ImageFetch
    ) async throws(DriverError) {
        let call = StorageCall(operation: "prepare disk \(disk)", object: "guest \(instance)")
        let base = try baseImage(image, call)
        let bridge = ImageFetchBridge(image: image.id, fetch: fetch)
        do {
            let cached = try await cache.ensure(base) { deliver in
                try await withoutActuallyEscaping(deliver) { try await bridge.run($0) }
            }
            let sizeBytes =
                sizeGiB > 0 ? UInt64(sizeGiB) * Self.bytesPerGiB : cached.virtualSizeBytes
            _ = try await disks.ensureDisk(
                disk.file, instanceID: instance.text, base: cached, sizeBytes: sizeBytes)
        } catch {
            throw bridge.fetchError(behind: error) ?? call.driverError(error)
        }
    }

    /// Removes one disk's file.
    public func remove(_ disk: GuestDisk, of instance: InstanceID) async throws(DriverError) {
        do {
            try await disks.remove(disk.file, instanceID: instance.text)
        } catch {
            throw StorageCall(operation: "remove disk \(disk)", object: "guest \(instance)")
                .driverError(error)
        }
    }

    private func baseImage(
        _ image: GuestImage, _ call: StorageCall
    ) throws(DriverError) -> BaseImage {
        guard let format = DiskImageFormat(rawValue: image.format), format.isSupported else {
            throw .refused(
                call.fault("image \(image.id) has format '\(image.format)'; qcow2 and raw work"))
        }
        guard image.sizeBytes > 0 else {
            throw .refused(call.fault("image \(image.id) has \(image.sizeBytes) bytes"))
        }
        return BaseImage(
            id: image.id.text, checksum: .sha512(image.sha512.lowercased()),
            sizeBytes: UInt64(image.sizeBytes), format: format)
    }

    /// Writes the config drive with mode 0600; libvirt gives it to the hypervisor's user while
    /// the guest runs.
    public func writeConfigDrive(
        _ instance: InstanceID, guest: GuestDefinition
    ) async throws(DriverError) {
        let call = StorageCall(operation: "write the config drive", object: "guest \(instance)")
        do {
            let image = try configDrive.image(instance, guest)
            _ = try await disks.writeConfigDrive(instanceID: instance.text, image: image)
        } catch {
            throw call.driverError(error)
        }
    }

    /// Where the guest's files are. An id that can't name a folder, which no call here accepts,
    /// gets paths that don't exist.
    public func paths(_ instance: InstanceID, root: GuestDisk) -> GuestPaths {
        do throws(GuestDiskError) {
            return GuestPaths(
                root: PlannedDisk(
                    path: try disks.path(root.file, instanceID: instance.text), format: "qcow2"),
                configDrive: try disks.configDrivePath(instanceID: instance.text),
                consoleLog: try disks.consoleLogPath(instanceID: instance.text))
        } catch {
            logger.error("no paths for this guest", metadata: ["reason": "\(error)"])
            return GuestPaths(
                root: PlannedDisk(path: invalidPath, format: "qcow2"), configDrive: invalidPath,
                consoleLog: invalidPath)
        }
    }

    var invalidPath: String { directory + "/invalid" }

    /// Removes the guest's folder.
    public func remove(_ instance: InstanceID) async throws(DriverError) {
        let call = StorageCall(operation: "remove the disks", object: "guest \(instance)")
        do {
            try await disks.remove(instanceID: instance.text)
        } catch {
            throw call.driverError(error)
        }
    }

    /// Guests with a folder. Folders whose name is no UUID are somebody else's.
    public func list() async throws(DriverError) -> [StoredGuest] {
        do throws(GuestDiskError) {
            return try disks.list().filter { UUID(uuidString: $0.instanceID) != nil }.map {
                StoredGuest(
                    instanceID: InstanceID($0.instanceID),
                    disks: Set($0.disks.keys.map(GuestDisk.init(file:))),
                    hasConfigDrive: $0.hasConfigDrive)
            }
        } catch {
            throw StorageCall(operation: "list the disks", object: directory).driverError(error)
        }
    }

    /// Size and free space of the file system with the guests' folder.
    public func capacity() async throws(DriverError) -> StorageCapacity {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else {
            throw .failed(
                DriverFault(
                    operation: "measure the storage", object: directory,
                    found: "\(String(cString: strerror(errno))) (errno \(errno))"))
        }
        let unit = UInt64(status.f_frsize)
        return StorageCapacity(
            totalGiB: Int(UInt64(status.f_blocks) * unit / Self.bytesPerGiB),
            freeGiB: Int(UInt64(status.f_bavail) * unit / Self.bytesPerGiB))
    }
}

extension GuestDisk {
    /// The disk as the files' module names it.
    var file: InstanceDisk {
        switch self {
        case .root(let build): .root(build: build)
        case .rescue: .rescue
        }
    }

    init(file: InstanceDisk) {
        self =
            switch file {
            case .root(let build): .root(build: build)
            case .rescue: .rescue
            }
    }
}

/// Lets the cache fetch through the agent's fetch, and remembers what the agent said: in
/// between, errors lose their type.
final class ImageFetchBridge: Sendable {
    private let image: ImageID
    private let fetch: HostDrivers.ImageFetch
    private let failure = Mutex<DriverError?>(nil)

    init(image: ImageID, fetch: @escaping HostDrivers.ImageFetch) {
        self.image = image
        self.fetch = fetch
    }

    /// The cache's own refusal of a chunk (wrong size, bad header) wins over what the fetch makes
    /// of it.
    func run(_ deliver: @escaping ImageChunkConsumer) async throws {
        let refusal = Mutex<GuestDiskError?>(nil)
        do throws(DriverError) {
            try await fetch(image) { chunk in
                do {
                    try await deliver(chunk)
                } catch let error as GuestDiskError {
                    refusal.withLock { $0 = error }
                    throw error
                }
            }
        } catch {
            if let refusal = refusal.withLock({ $0 }) { throw refusal }
            failure.withLock { $0 = error }
            throw error
        }
    }

    /// The fetch's error, if that is why the cache failed.
    func fetchError(behind error: any Error) -> DriverError? {
        guard case GuestDiskError.downloadFailed = error else { return nil }
        return failure.withLock { $0 }
    }
}
