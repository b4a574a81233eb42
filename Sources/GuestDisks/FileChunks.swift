import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file's content as it was when it was opened, chunk by chunk, for one reader.
final class FileChunks: Sendable {
    let sizeBytes: UInt64
    private let path: String
    private let descriptor: Int32
    private let chunkBytes: Int
    private let offset = Mutex<UInt64>(0)

    init(path: String, chunkBytes: Int) throws(GuestDiskError) {
        guard let size = try HostFile.size(path) else {
            throw .io(operation: "find", path: path, code: ENOENT)
        }
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(operation: "open", path: path, code: errno) }
        sizeBytes = size
        self.path = path
        self.chunkBytes = chunkBytes
    }

    deinit { _ = close(descriptor) }

    /// The next chunk; nil at the end. May wait for the disk, so not on a thread of the task pool.
    func next() async throws -> [UInt8]? {
        try Task.checkCancellation()
        let (start, count) = offset.withLock { offset in
            let start = offset
            let count = min(UInt64(chunkBytes), sizeBytes - start)
            offset += count
            return (start, Int(count))
        }
        guard count > 0 else { return nil }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global(qos: .utility).async { [self] in
                continuation.resume(with: Result { try read(from: start, count: count) })
            }
        }
    }

    private func read(from start: UInt64, count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes[done...].withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress, buffer.count, off_t(start) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            // A file that became shorter is damaged: its reader was promised more.
            guard got > 0 else {
                throw GuestDiskError.io(
                    operation: "read", path: path, code: got < 0 ? errno : EIO)
            }
            done += got
        }
        return bytes
    }
}
