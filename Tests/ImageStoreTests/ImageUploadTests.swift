import ComputeModel
import Crypto
import DiskFormats
import Foundation
import Persistence
import Testing

@testable import ImageStore

@Suite struct ImageUploadTests {
    private struct ConnectionLost: Error {}

    @Test func zeroesHaveTheDigestsOthersFound() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        try await bed.upload(image, [UInt8](repeating: 0, count: 65_536), announced: 65_536)
        let active = try bed.images.show(image.id, bed.owner)
        #expect(active.status == .active)
        #expect(active.sizeBytes == 65_536)
        #expect(active.virtualSizeBytes == 65_536)
        #expect(active.checksum == "fcd6bcb56c1689fcef28b57c22475bad")
        #expect(
            active.sha512
                == "73e4153936dab198397b74ee9efc26093dda721eaab2f8d92786891153b45b04"
                + "265a161b169c988edb0db2c53124607b6eaaa816559c5ce54f3dbc9fa6a7a4b2")
        #expect(try bed.fileNames == [image.id.text])
        try bed.close()
    }

    /// 64 MiB, of which never more than the chunk under way is in memory: when the next one is
    /// asked for, all before it are in the file.
    @Test func streamsWithoutHoldingBack() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let chunkBytes = 1 << 20
        let count = 64
        let part = image.id.text + ".part"
        let source = ChunkSource { [bed] index in
            let stored = try bed.fileBytes(part)
            #expect(stored == index * chunkBytes)
            return index < count ? [UInt8](repeating: UInt8(index + 1), count: chunkBytes) : nil
        }
        try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)

        var expected = SHA512()
        for index in 0..<count {
            expected.update(data: [UInt8](repeating: UInt8(index + 1), count: chunkBytes))
        }
        let active = try bed.images.show(image.id, bed.owner)
        let hex = expected.finalize().map { String(format: "%02x", $0) }.joined()
        #expect(active.sha512 == hex)
        var found = SHA512()
        for try await chunk in try await bed.images.files.open(image.id) {
            #expect(chunk.count <= ImageFiles.chunkBytes)
            found.update(data: chunk)
        }
        #expect(found.finalize().map { String(format: "%02x", $0) }.joined() == hex)
        try bed.close()
    }

    @Test func qcow2KnowsItsDisk() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued("qcow2")
        try await bed.upload(image, TestQcow2.make())
        let active = try bed.images.show(image.id, bed.owner)
        #expect(active.virtualSizeBytes == 1 << 20)
        #expect(active.sizeBytes == 262_144)
        try bed.close()
    }

    enum BadData: CaseIterable {
        case truncatedQcow2, qcow2AsRaw, rawAsQcow2, backingFile, empty, tooLarge, shorterThanTold
        case longerThanTold
    }

    @Test(arguments: BadData.allCases)
    func badDataLeavesTheImageQueuedAndNoFile(_ kind: BadData) async throws {
        let bed = try await ImageTestbed { $0.imageBytesMax = 1 << 20 }
        let isQcow2 = [.truncatedQcow2, .rawAsQcow2, .backingFile].contains(kind)
        let image = try await bed.queued(isQcow2 ? "qcow2" : "raw")
        var bytes: [UInt8] = [UInt8](repeating: 7, count: 100_000)
        var announced: Int64?
        switch kind {
        case .truncatedQcow2: bytes = Array(TestQcow2.make().prefix(150_000))
        case .qcow2AsRaw: bytes = TestQcow2.make()
        case .rawAsQcow2: break
        case .backingFile:
            bytes = TestQcow2.make()
            bytes[14] = 1
            bytes[19] = 8
        case .empty: bytes = []
        case .tooLarge: bytes = [UInt8](repeating: 7, count: (1 << 20) + 1)
        case .shorterThanTold: announced = 100_001
        case .longerThanTold: announced = 99_999
        }
        do {
            try await bed.upload(image, bytes, announced: announced)
            Issue.record("the data was taken")
        } catch DomainError.invalid(_, _, let message) {
            #expect(kind != .tooLarge)
            #expect(try bed.images.show(image.id, bed.owner).failure == message)
        } catch DomainError.tooLarge {
            #expect(kind == .tooLarge)
        }
        let queued = try bed.images.show(image.id, bed.owner)
        #expect(queued.status == .queued)
        #expect(queued.failure != nil)
        #expect(queued.sizeBytes == nil)
        #expect(try bed.fileNames == [])

        let good = isQcow2 ? TestQcow2.make() : [UInt8](repeating: 7, count: 512)
        try await bed.upload(image, good)
        let active = try bed.images.show(image.id, bed.owner)
        #expect(active.status == .active)
        #expect(active.failure == nil)
        try bed.close()
    }

    @Test func announcedSizesBeyondTheLimitAreRefusedBeforeAnyByte() async throws {
        let bed = try await ImageTestbed { $0.imageBytesMax = 1 << 20 }
        let image = try await bed.queued()
        let source = ChunkSource { _ in
            Issue.record("data was asked for")
            return nil
        }
        for size in [Int64(1 << 20) + 1, .max] {
            await #expect(throws: DomainError.self) {
                try await bed.images.upload(image.id, announcedBytes: size, source, bed.owner)
            }
        }
        try bed.close()
    }

    @Test func lostConnectionLeavesNothing() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let source = ChunkSource { index in
            guard index < 3 else { throw ConnectionLost() }
            return [UInt8](repeating: 1, count: 1_000)
        }
        await #expect(throws: DomainError.self) {
            try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
        }
        let queued = try bed.images.show(image.id, bed.owner)
        #expect(queued.status == .queued)
        #expect(queued.failure?.contains("upload the data again") == true)
        #expect(try bed.fileNames == [])
        #expect(bed.images.uploads.count == 0)
        try bed.close()
    }

    /// A server cancels the request's task when the client goes.
    @Test func cancelledRequestLeavesNothing() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let (reached, signal) = AsyncStream<Void>.makeStream()
        let source = ChunkSource { index in
            guard index == 2 else { return [UInt8](repeating: 1, count: 1_000) }
            signal.finish()
            // Ends when the task is cancelled, as a request's body does.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            return nil
        }
        let upload = Task {
            try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
        }
        for await _ in reached {}
        upload.cancel()
        await #expect(throws: CancellationError.self) { try await upload.value }
        #expect(try bed.images.show(image.id, bed.owner).status == .queued)
        #expect(try bed.fileNames == [])
        try bed.close()
    }

    @Test func deletionStopsTheUpload() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let source = ChunkSource { index in
            if index == 2 { try await bed.images.delete(image.id, bed.owner) }
            if index > 3 { Issue.record("more data was asked for") }
            return [UInt8](repeating: 1, count: 1_000)
        }
        do {
            try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
            Issue.record("the upload succeeded")
        } catch DomainError.notFound(let noun, _) {
            #expect(noun == .image)
        }
        #expect(try bed.fileNames == [])
        #expect(try bed.context.documents.list(Image.self).isEmpty)
        try bed.close()
    }

    /// Deleted after the last chunk: only the final step notices.
    @Test func deletionAtTheEndOfTheUploadLeavesNoFile() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let source = ChunkSource { index in
            if index == 0 { return [UInt8](repeating: 1, count: 1_000) }
            try await bed.images.delete(image.id, bed.owner)
            return nil
        }
        await #expect(throws: DomainError.self) {
            try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
        }
        #expect(try bed.fileNames == [])
        try bed.close()
    }

    @Test func onlyOneUploadAtATimeAndOnlyOnce() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let source = ChunkSource { index in
            guard index == 0 else { return nil }
            do {
                try await bed.upload(image, [1, 2, 3])
                Issue.record("a second upload began")
            } catch DomainError.conflict {
                #expect(try bed.images.show(image.id, bed.owner).status == .saving)
            }
            return [UInt8](repeating: 1, count: 1_000)
        }
        try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
        #expect(try bed.images.show(image.id, bed.owner).sizeBytes == 1_000)
        do {
            try await bed.upload(image, [1, 2, 3])
            Issue.record("data was replaced")
        } catch DomainError.conflict(_, let kind, _) {
            #expect(kind == .imageState)
        }
        try bed.close()
    }

    /// Renaming an image while its data comes in loses neither.
    @Test func changesDuringTheUploadSurvive() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.queued()
        let source = ChunkSource { index in
            guard index == 0 else { return nil }
            _ = try await bed.images.update(image.id, [.name("new")], bed.owner)
            return [UInt8](repeating: 1, count: 1_000)
        }
        try await bed.images.upload(image.id, announcedBytes: nil, source, bed.owner)
        let active = try bed.images.show(image.id, bed.owner)
        #expect(active.name == "new")
        #expect(active.status == .active)
        try bed.close()
    }

    @Test func formatsMustBeDeclared() async throws {
        let bed = try await ImageTestbed()
        let image = try await bed.images.create(id: nil, edits: [], bed.owner)
        await #expect(throws: DomainError.self) { try await bed.upload(image, [1]) }
        #expect(try bed.images.show(image.id, bed.owner).status == .queued)
        try bed.close()
    }

    @Test func fullDiskIsTold() async throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        let writer = ImageFileWriter(
            descriptor: descriptor, path: "/dev/full", declared: .raw, limits: .init())
        await #expect(throws: ImageFileError.diskFull) {
            try await writer.write([UInt8](repeating: 1, count: 4_096))
        }
    }

    @Test func uploadsAreBounded() {
        let uploads = ImageUploads()
        for index in 0..<ImageUploads.uploadsMax {
            #expect(uploads.begin(ImageID("\(index)")) == .admitted)
        }
        #expect(uploads.begin(ImageID("more")) == .tooMany)
        #expect(uploads.begin(ImageID("0")) == .alreadyRunning)
        uploads.end(ImageID("0"))
        #expect(uploads.begin(ImageID("more")) == .admitted)
    }

    @Test func nextStartPutsInterruptedUploadsRight() async throws {
        let bed = try await ImageTestbed()
        let active = try await bed.queued()
        try await bed.upload(active, [1, 2, 3])
        let interrupted = try await bed.queued()
        _ = try await bed.context.documents.mutate(Image.self, interrupted.id.text) {
            $0.status = .saving
        }
        for name in [interrupted.id.text + ".part", UUID().uuidString.lowercased(), "notes.txt"] {
            try Data([1]).write(to: bed.directory.appendingPathComponent(name))
        }
        try await Images(context: bed.context).prepare()
        #expect(try bed.fileNames == [active.id.text, "notes.txt"].sorted())
        let queued = try bed.images.show(interrupted.id, bed.owner)
        #expect(queued.status == .queued)
        #expect(queued.failure != nil)
        try bed.close()
    }
}
