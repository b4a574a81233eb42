import ComputeModel
import Foundation
import HostDrivers
import Synchronization
import TestSupport
import Testing

@testable import KVMHost

@Suite("exports of disks", .endsTheHung)
struct ExportTests {
    /// A storage with a guest that has root disks 0 and 2, and a rescue disk.
    private func made(_ folder: TemporaryFolder) async throws -> (LocalGuestStorage, InstanceID) {
        let storage = try await StorageTests.storage(folder)
        let image = try StorageTests.image(folder)
        let instance = InstanceID(uuid: UUID())
        for disk in [GuestDisk.root(build: 0), .root(build: 2), .rescue] {
            try await storage.prepare(
                disk, of: instance, image: image, sizeGiB: 0, fetch: StorageTests.fetch())
        }
        return (storage, instance)
    }

    @Test("disks of a guest, one of them removed")
    func disks() async throws {
        try await TemporaryFolder.use { folder in
            let (storage, instance) = try await made(folder)
            #expect(
                try await storage.list().map(\.disks) == [
                    [.root(build: 0), .root(build: 2), .rescue]
                ])
            for _ in 0..<2 { try await storage.remove(.root(build: 0), of: instance) }
            #expect(try await storage.list().map(\.disks) == [[.root(build: 2), .rescue]])
            let paths = storage.paths(instance, root: .root(build: 2))
            #expect(paths.root.path.hasSuffix("/\(instance)/root-2.qcow2"))
            #expect(storage.copyPath(instance).hasSuffix("/\(instance)/copy.qcow2"))
            #expect(storage.copyPath(InstanceID("../x")).hasSuffix("/invalid"))
        }
    }

    @Test("a disk becomes larger when more is wanted")
    func growth() async throws {
        try await TemporaryFolder.use { folder in
            let (storage, instance) = try await made(folder)
            // The digest was proved when the image was fetched.
            let image = try #require(try await storage.cache.imagePaths().first)
            #expect(image.hasSuffix(".raw"))
            let wanted = try StorageTests.image(folder)
            let other = InstanceID(uuid: UUID())
            for size in [1, 2, 1] {
                try await storage.prepare(
                    .root(build: 0), of: other, image: wanted, sizeGiB: size,
                    fetch: StorageTests.fetch())
            }
            let path = storage.paths(other, root: .root(build: 0)).root.path
            let info = try Command.run("/usr/bin/qemu-img", ["info", path], in: folder)
            #expect(info.contains("2 GiB"))
            _ = instance
        }
    }

    @Test(
        "a copy comes complete and in order, and what it needed is gone", arguments: [true, false])
    func export(isCopied: Bool) async throws {
        try await TemporaryFolder.use { folder in
            let (storage, instance) = try await made(folder)
            if isCopied {
                try folder.write("a copy", to: "state/guests/\(instance)/copy.qcow2")
            }
            let received = Mutex<(Int64, [UInt8])>((0, []))
            try await storage.export(.root(build: 2), of: instance, isCopied: isCopied) {
                size, next async throws(DriverError) in
                received.withLock { $0.0 = size }
                do {
                    while let chunk = try await next() { received.withLock { $0.1 += chunk } }
                } catch {
                    throw .failed(DriverFault(operation: "", object: "", found: "\(error)"))
                }
            }
            let (size, content) = received.withLock { $0 }
            #expect(Int(size) == content.count)
            #expect(
                content.starts(with: isCopied ? Array("a copy".utf8) : [0x51, 0x46, 0x49, 0xfb]))
            let names = try FileManager.default.contentsOfDirectory(
                atPath: "\(folder.path)/state/guests/\(instance)")
            #expect(names.sorted() == ["disk.qcow2", "rescue.qcow2", "root-2.qcow2"])
        }
    }

    @Test("what the receiver says comes through; no copy, no export")
    func failures() async throws {
        try await TemporaryFolder.use { folder in
            let (storage, instance) = try await made(folder)
            let refusal = DriverError.unavailable(
                daemon: "control plane",
                DriverFault(operation: "store", object: "image", found: "no answer"))
            let found = await #expect(throws: DriverError.self) {
                try await storage.export(.rescue, of: instance, isCopied: false) {
                    _, _ async throws(DriverError) in throw refusal
                }
            }
            #expect(found == refusal)
            await expect(.failed) {
                try await storage.export(.rescue, of: instance, isCopied: true) {
                    _, _ async throws(DriverError) in
                }
            }
            await expect(.refused) {
                try await storage.export(.rescue, of: InstanceID("../x"), isCopied: false) {
                    _, _ async throws(DriverError) in
                }
            }
        }
    }
}
