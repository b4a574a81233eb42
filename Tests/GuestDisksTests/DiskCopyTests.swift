import DiskFormats
import Foundation
import GuestDisks
import Synchronization
import TestSupport
import Testing

/// Takes all chunks, and checks their sizes.
private final class Sink: Sendable {
    let content = Mutex<[UInt8]>([])
    let sizeBytes = Mutex<UInt64?>(nil)

    var consumer: DiskCopyConsumer {
        { size, next in
            self.sizeBytes.withLock { $0 = size }
            while let chunk = try await next() {
                #expect((1...(1 << 20)).contains(chunk.count))
                self.content.withLock { $0 += chunk }
            }
        }
    }
}

@Suite(.enabled(if: qemuIsInstalled)) struct DiskCopyTests {
    static let id = "83679162-1378-4288-a2d4-70e13ec132aa"
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func disks(
        tool: QemuImageTool = .init(), freeBytes: UInt64 = 1 << 40
    ) throws -> InstanceDisks {
        try InstanceDisks(
            directory: folder.path + "/instances", tool: tool, freeSpace: { _ in freeBytes })
    }

    private func made(_ disks: InstanceDisks, seed: UInt8 = 3) async throws -> CachedImage {
        let path = try folder.write(sampleDisk(seed, count: 3 << 20), to: "base-\(seed)")
        let base = CachedImage(path: path, format: .raw, virtualSizeBytes: 3 << 20)
        _ = try await disks.ensureDisk(
            .root(build: 0), instanceID: Self.id, base: base, sizeBytes: 4 << 20)
        return base
    }

    @Test func exportIsCompleteAndLeavesNothing() async throws {
        let disks = try disks()
        _ = try await made(disks)
        let sink = Sink()
        try await disks.export(.root(build: 0), instanceID: Self.id, consume: sink.consumer)
        let content = sink.content.withLock { $0 }
        #expect(sink.sizeBytes.withLock { $0 } == UInt64(content.count))
        #expect(content.count > 3 << 20)
        let inspection = try DiskFormatInspector.inspect(
            head: Array(content.prefix(DiskInspectionLimits.headWindowBytes)),
            tail: Array(content.suffix(DiskInspectionLimits.tailWindowBytes)),
            fileSizeBytes: UInt64(content.count), declared: .qcow2, limits: .init())
        #expect(inspection.virtualSizeBytes == 4 << 20)
        #expect(content.firstRange(of: sampleDisk(3, count: 3 << 20).prefix(4_096)) != nil)
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
    }

    @Test func failedReaderLeavesNothing() async throws {
        struct Refusal: Error {}
        let disks = try disks()
        _ = try await made(disks)
        await #expect(throws: Refusal.self) {
            try await disks.export(.root(build: 0), instanceID: Self.id) { _, next in
                _ = try await next()
                throw Refusal()
            }
        }
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
    }

    @Test func failedToolLeavesNothing() async throws {
        _ = try await made(try disks())
        let script = try folder.script("echo half > \"$8\"; exit 3")
        let disks = try disks(tool: QemuImageTool(executable: script))
        await #expect {
            try await disks.export(.root(build: 0), instanceID: Self.id) { _, _ in }
        } throws: { error in
            guard case .toolFailed? = error as? GuestDiskError else { return false }
            return true
        }
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
    }

    @Test func spaceIsLookedAtFirst() async throws {
        _ = try await made(try disks())
        let disks = try disks(freeBytes: (1 << 30) + (3 << 20))
        await #expect {
            try await disks.export(.root(build: 0), instanceID: Self.id) { _, _ in
                Issue.record("it was exported")
            }
        } throws: { error in
            guard case .notEnoughSpace(_, let needed, _)? = error as? GuestDiskError else {
                return false
            }
            return needed > (1 << 30) + (3 << 20) && needed <= (1 << 30) + (4 << 20)
        }
        try self.disks(freeBytes: (1 << 30) + (4 << 20))
            .checkSpaceForCopy(.root(build: 0), instanceID: Self.id)
    }

    @Test func missingDiskIsNamed() async throws {
        let disks = try disks()
        let path = try disks.path(.rescue, instanceID: Self.id)
        let expected = GuestDiskError.io(operation: "find", path: path, code: ENOENT)
        await #expect(throws: expected) {
            try await disks.export(.rescue, instanceID: Self.id) { _, _ in }
        }
    }

    @Test func hypervisorsCopyIsHandedOnAndRemoved() async throws {
        let disks = try disks()
        _ = try await made(disks)
        let content = sampleDisk(9, count: (2 << 20) + 5)
        try folder.write(content, to: "instances/\(Self.id)/copy.qcow2")
        let sink = Sink()
        try await disks.exportCopy(instanceID: Self.id, consume: sink.consumer)
        #expect(sink.content.withLock { $0 } == content)
        #expect(try folder.names("instances/\(Self.id)") == ["disk.qcow2"])
        await #expect(throws: GuestDiskError.self) {
            try await disks.exportCopy(instanceID: Self.id, consume: sink.consumer)
        }
    }

    @Test func shortenedFileIsNoSuccess() async throws {
        let disks = try disks()
        let path = try disks.copyPath(instanceID: Self.id)
        _ = try await made(disks)
        try folder.write(sampleDisk(9, count: 3 << 20), to: "instances/\(Self.id)/copy.qcow2")
        await #expect(throws: GuestDiskError.io(operation: "read", path: path, code: EIO)) {
            try await disks.exportCopy(instanceID: Self.id) { _, next in
                _ = try await next()
                truncate(path, 1 << 20)
                while try await next() != nil {}
            }
        }
    }

    @Test func leftoversGoAtStart() async throws {
        let disks = try disks()
        _ = try await made(disks)
        for name in ["copy.qcow2", "export.1.part", "disk.qcow2.2.part", "console.log"] {
            try folder.write([1], to: "instances/\(Self.id)/\(name)")
        }
        #expect(try disks.removeLeftovers().count == 3)
        #expect(try folder.names("instances/\(Self.id)") == ["console.log", "disk.qcow2"])
    }
}
