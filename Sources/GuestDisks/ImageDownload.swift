import DiskFormats
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// One image on its way into the cache: written, hashed and inspected chunk by chunk.
actor ImageDownload {
    private let image: BaseImage
    private let path: String
    private var descriptor: Int32
    private var hasher: ImageHasher
    private var inspector: DiskFormatInspector
    private var receivedBytes: UInt64 = 0

    /// Opens the part file afresh.
    init(_ image: BaseImage, path: String, limits: DiskInspectionLimits) throws {
        self.image = image
        self.path = path
        hasher = ImageHasher(for: image.checksum)
        inspector = DiskFormatInspector(declared: image.format, limits: limits)
        try HostFile.remove(path)
        descriptor = try HostFile.create(path)
    }

    /// Takes the next bytes; refuses as soon as the image is certain to be wrong.
    func take(_ chunk: [UInt8]) throws {
        guard descriptor >= 0 else {
            throw GuestDiskError.downloadFailed(
                imageID: image.id, reason: "it had been given up already")
        }
        receivedBytes += UInt64(chunk.count)
        guard receivedBytes <= image.sizeBytes else {
            throw GuestDiskError.wrongSize(
                imageID: image.id, expectedBytes: image.sizeBytes, foundBytes: receivedBytes)
        }
        do throws(DiskFormatError) {
            try inspector.consume(chunk)
        } catch {
            throw GuestDiskError.imageRefused(imageID: image.id, reason: error)
        }
        hasher.update(chunk)
        try HostFile.write(chunk, to: descriptor, path: path)
    }

    /// Judges the whole and makes it durable under its part name, read-only for everybody.
    func finish() async throws -> DiskImageInspection {
        guard receivedBytes == image.sizeBytes else {
            throw GuestDiskError.wrongSize(
                imageID: image.id, expectedBytes: image.sizeBytes, foundBytes: receivedBytes)
        }
        let found = hasher.hexDigits()
        guard found == image.checksum.hexDigits else {
            throw GuestDiskError.wrongChecksum(
                imageID: image.id, expected: image.checksum, found: found)
        }
        let inspection: DiskImageInspection
        do throws(DiskFormatError) {
            inspection = try inspector.finish(expectedSizeBytes: image.sizeBytes)
        } catch {
            throw GuestDiskError.imageRefused(imageID: image.id, reason: error)
        }
        guard fchmod(descriptor, 0o444) == 0 else {
            throw GuestDiskError.io(operation: "protect", path: path, code: errno)
        }
        try await HostFile.synchronize(descriptor, path: path)
        return inspection
    }

    /// Closes the file; chunks that come later are refused.
    func end() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}
