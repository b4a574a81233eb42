import Crypto
import DiskFormats
import Foundation
import GuestDisks
import Logging
import TestSupport
import Testing

@Suite struct ImageCacheTests {
    let folder: TemporaryFolder
    var directory: String { folder.path + "/images" }

    init() throws { folder = try TemporaryFolder() }

    private func cache(
        limits: ImageCacheLimits = .init(reserveBytes: 0), freeBytes: UInt64 = 1 << 40
    ) throws -> ImageCache {
        try ImageCache(directory: directory, limits: limits, freeSpace: { _ in freeBytes })
    }

    @Test func fetchedImageIsKeptReadOnly() async throws {
        let disk = sampleDisk()
        let cache = try cache()
        let image = baseImage(disk)
        let cached = try await cache.ensure(image, fetch: delivering(disk))
        #expect(try bytes(cached.path) == disk)
        #expect(cached.virtualSizeBytes == UInt64(disk.count))
        let mode: Int = try attribute(.posixPermissions, cached.path)
        #expect(mode == 0o444)
        #expect(try await cache.ensure(image, fetch: neverFetch) == cached)
        #expect(try await cache.imagePaths() == [cached.path])
        let restarted = try self.cache()
        #expect(try await restarted.ensure(image, fetch: neverFetch) == cached)
    }

    @Test func sha256IsCheckedToo() async throws {
        let disk = sampleDisk()
        let digits = SHA256.hash(data: disk).map { String(format: "%02x", $0) }.joined()
        let image = BaseImage(
            id: "i", checksum: .sha256(digits), sizeBytes: UInt64(disk.count), format: .raw)
        let cached = try await cache().ensure(image, fetch: delivering(disk))
        #expect(try bytes(cached.path) == disk)
    }

    @Test func emptyChunksAndSingleBytesMakeNoDifference() async throws {
        let disk = sampleDisk(count: 300)
        let cached = try await cache().ensure(baseImage(disk)) { deliver in
            for byte in disk {
                try await deliver([])
                try await deliver([byte])
            }
        }
        #expect(try bytes(cached.path) == disk)
    }

    @Test func wrongHashLeavesNothing() async throws {
        let disk = sampleDisk()
        let other = sampleDisk(2)
        let image = baseImage(disk)
        let cache = try cache()
        let expected = GuestDiskError.wrongChecksum(
            imageID: image.id, expected: image.checksum, found: sha512(other))
        await #expect(throws: expected) {
            try await cache.ensure(image, fetch: delivering(other))
        }
        #expect(try folder.names("images").isEmpty)
        #expect(try await bytes(cache.ensure(image, fetch: delivering(disk)).path) == disk)
    }

    @Test func shortImageIsRefused() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let expected = GuestDiskError.wrongSize(
            imageID: image.id, expectedBytes: UInt64(disk.count), foundBytes: 199_999)
        await #expect(throws: expected) {
            try await cache().ensure(image, fetch: delivering(Array(disk.dropLast())))
        }
        #expect(try folder.names("images").isEmpty)
    }

    @Test func longImageIsStoppedAtTheFirstByteTooMany() async throws {
        let disk = sampleDisk(count: 1000)
        let image = baseImage(disk)
        let expected = GuestDiskError.wrongSize(
            imageID: image.id, expectedBytes: 1000, foundBytes: 1001)
        await #expect(throws: expected) {
            try await cache().ensure(image) { deliver in
                try await deliver(disk)
                while true { try await deliver([0]) }
            }
        }
        #expect(try folder.names("images").isEmpty)
    }

    private struct ConnectionLost: Error {}

    @Test func interruptedDownloadIsCleanedAndMayBeRepeated() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let cache = try cache()
        await #expect {
            try await cache.ensure(image) { deliver in
                try await deliver(Array(disk.prefix(100_000)))
                throw ConnectionLost()
            }
        } throws: { error in
            guard case .downloadFailed(image.id, let reason)? = error as? GuestDiskError else {
                return false
            }
            return reason.contains("ConnectionLost")
        }
        #expect(try folder.names("images").isEmpty)
        #expect(try await bytes(cache.ensure(image, fetch: delivering(disk)).path) == disk)
    }

    @Test func otherFormatIsRefusedBeforeItIsComplete() async throws {
        let head = Array("KDMV".utf8) + [UInt8](repeating: 0, count: 100_000)
        let image = BaseImage(
            id: "i", checksum: .sha512(sha512(head)), sizeBytes: 1 << 40, format: .raw)
        let reason = DiskFormatError.formatMismatch(declared: .raw, found: .vmdk)
        await #expect(throws: GuestDiskError.imageRefused(imageID: "i", reason: reason)) {
            try await cache(freeBytes: 2 << 40).ensure(image, fetch: delivering(head))
        }
        #expect(try folder.names("images").isEmpty)
    }

    @Test func fullDiskIsFoundBeforehand() async throws {
        let disk = sampleDisk(count: 1000)
        let limits = ImageCacheLimits(reserveBytes: 500)
        let path = directory
        let expected = GuestDiskError.notEnoughSpace(
            directory: path, neededBytes: 1500, freeBytes: 1499)
        let full = try cache(limits: limits, freeBytes: 1499)
        await #expect(throws: expected) {
            try await full.ensure(baseImage(disk), fetch: neverFetch)
        }
        #expect(expected.description.contains("1500"))
        #expect(expected.description.contains("1499"))
        let enough = try cache(limits: limits, freeBytes: 1500)
        _ = try await enough.ensure(baseImage(disk), fetch: delivering(disk))
    }

    @Test func sizeThatOverflowsIsNotEnoughSpace() async throws {
        let image = BaseImage(
            id: "i", checksum: .sha512(sha512([])), sizeBytes: .max, format: .raw)
        let path = directory
        let expected = GuestDiskError.notEnoughSpace(
            directory: path, neededBytes: .max, freeBytes: .max)
        await #expect(throws: expected) {
            try await cache(limits: .init(reserveBytes: 1), freeBytes: .max)
                .ensure(image, fetch: neverFetch)
        }
    }

    @Test func damagedFileIsFetchedAgain() async throws {
        let disk = sampleDisk()
        let image = baseImage(disk)
        let cache = try cache()
        let path = try await cache.ensure(image, fetch: delivering(disk)).path
        try FileManager.default.removeItem(atPath: path)
        try Data(disk.prefix(10)).write(to: URL(fileURLWithPath: path))
        _ = try await cache.ensure(image, fetch: delivering(disk))
        #expect(try bytes(path) == disk)
    }

    @Test func newContentUnderTheSameIDIsAnotherFile() async throws {
        let cache = try cache()
        let first = try await cache.ensure(
            baseImage(sampleDisk(1)), fetch: delivering(sampleDisk(1)))
        let second = try await cache.ensure(
            baseImage(sampleDisk(2)), fetch: delivering(sampleDisk(2)))
        #expect(first.path != second.path)
        #expect(try bytes(first.path) == sampleDisk(1))
    }

    @Test func leftoversOfACrashAreRemoved() async throws {
        let cache = try cache()
        let disk = sampleDisk()
        let cached = try await cache.ensure(baseImage(disk), fetch: delivering(disk))
        let part = try folder.write([1], to: "images/x.raw.part")
        #expect(try await cache.removeInterruptedDownloads() == [part])
        #expect(try await cache.removeInterruptedDownloads() == [])
        #expect(try await cache.imagePaths() == [cached.path])
    }

    @Test func linkInThePartsPlaceIsNotFollowed() async throws {
        let disk = sampleDisk()
        let victim = try folder.write([42], to: "victim")
        let cache = try cache()
        let path = try await cache.ensure(baseImage(disk), fetch: delivering(disk)).path
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(
            atPath: path + ".part", withDestinationPath: victim)
        _ = try await cache.ensure(baseImage(disk), fetch: delivering(disk))
        #expect(try bytes(victim) == [42])
        #expect(try bytes(path) == disk)
    }

    @Test(arguments: ["", "..", "../x", "a/b", "-rf", ".hidden", "a b", "é", "a\0"])
    func unsafeIDsAreRefused(id: String) async throws {
        await #expect(throws: GuestDiskError.badName(kind: "image id", found: id)) {
            try await cache().ensure(baseImage([1], id: id), fetch: neverFetch)
        }
    }

    @Test(arguments: [
        "", "00", String(repeating: "A", count: 128),
        String(repeating: "/", count: 128),
    ])
    func unsafeChecksumsAreRefused(digits: String) async throws {
        let image = BaseImage(id: "i", checksum: .sha512(digits), sizeBytes: 1, format: .raw)
        await #expect(throws: GuestDiskError.badName(kind: "image checksum", found: digits)) {
            try await cache().ensure(image, fetch: neverFetch)
        }
    }

    @Test(arguments: ["", "relative", "/a,b", "/a b", "/a/../b", "/a/", "/a:b"])
    func unsafeFoldersAreRefused(path: String) {
        #expect(throws: GuestDiskError.badDirectory(path)) { try ImageCache(directory: path) }
    }

    @Test func realFileSystemTellsItsSpace() throws {
        #expect(try FileSystemSpace.freeBytes(folder.path) > 0)
        #expect(throws: GuestDiskError.self) {
            try FileSystemSpace.freeBytes(folder.path + "/absent")
        }
    }
}
