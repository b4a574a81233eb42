import ComputeModel
import Crypto
import Foundation
import Logging
import Persistence
import TestSupport

@testable import ControlPlaneState
@testable import ImageStore

/// The images part on an empty store and an empty directory, which goes with it.
final class ImageTestbed: Sendable {
    let directory: URL
    let clock = StandingClock()
    let context: ImageStoreContext
    let images: Images
    let owner = ImageTestbed.caller("owner", .member)
    let stranger = ImageTestbed.caller("stranger", .member)
    let admin = ImageTestbed.caller("admin", .admin)

    init(_ change: (inout ImageStoreSettings) -> Void = { _ in }) async throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("images-\(UUID().uuidString)")
        var settings = ImageStoreSettings(directory: directory)
        change(&settings)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let documents = try await DocumentStore.open(
            MemoryStateStore(), types: StoredTypes.shared + StoredTypes.imageStore, logger: logger)
        let clock = clock
        context = ImageStoreContext(
            documents: documents, settings: settings, logger: logger, now: { clock.now })
        images = Images(context: context)
        try await images.prepare()
    }

    func close() throws {
        try FileManager.default.removeItem(at: directory)
    }

    static func caller(_ name: String, _ role: Role) -> Caller {
        Caller(
            userID: UserID(name), userName: name, projectID: ProjectID(name), projectName: name,
            role: role, requestID: APIRequestID("req-1"))
    }

    /// A queued image of the owner.
    func queued(_ format: String = "raw", _ more: [ImageEdit] = []) async throws -> Image {
        clock.advance(seconds: 1)
        return try await images.create(
            id: nil, edits: [.diskFormat(format), .containerFormat("bare")] + more, owner)
    }

    func upload(_ image: Image, _ bytes: [UInt8], announced: Int64? = nil) async throws {
        try await images.upload(
            image.id, announcedBytes: announced, ByteChunks(bytes: bytes), owner)
    }

    var fileNames: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
    }

    func fileBytes(_ name: String) throws -> Int {
        let path = directory.appendingPathComponent(name).path
        return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? -1
    }
}

/// Chunks made on demand: each is asked for with its number, from 0.
struct ChunkSource: AsyncSequence {
    typealias Element = [UInt8]
    var make: @Sendable (Int) async throws -> [UInt8]?

    struct Iterator: AsyncIteratorProtocol {
        var make: @Sendable (Int) async throws -> [UInt8]?
        var index = 0
        mutating func next() async throws -> [UInt8]? {
            defer { index += 1 }
            return try await make(index)
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(make: make) }
}

/// A qcow2 of version 3 with an empty 1 MiB disk: header, refcount table and block, L1 table, each
/// in a cluster of 64 KiB.
enum TestQcow2 {
    static let clusterBytes = 65_536

    static func make() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: clusterBytes * 4)
        func put(_ value: UInt64, at offset: Int, bytes count: Int) {
            for index in 0..<count {
                let shift = 8 * (count - 1 - index)
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> shift)
            }
        }
        put(0x5146_49fb, at: 0, bytes: 4)
        put(3, at: 4, bytes: 4)
        put(16, at: 20, bytes: 4)
        put(1 << 20, at: 24, bytes: 8)
        put(1, at: 36, bytes: 4)
        put(UInt64(clusterBytes * 3), at: 40, bytes: 8)
        put(UInt64(clusterBytes), at: 48, bytes: 8)
        put(1, at: 56, bytes: 4)
        put(4, at: 96, bytes: 4)
        put(104, at: 100, bytes: 4)
        put(UInt64(clusterBytes * 2), at: clusterBytes, bytes: 8)
        for cluster in 0..<4 { put(1, at: clusterBytes * 2 + cluster * 2, bytes: 2) }
        return bytes
    }
}
