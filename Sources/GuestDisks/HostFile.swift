import Dispatch
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The system calls used here, with errors that name the path.
enum HostFile {
    /// Folders can be passed through by the hypervisor's user, but not listed.
    static let folderMode: mode_t = 0o711

    static func makeFolder(_ path: String) throws(GuestDiskError) {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        if !parent.isEmpty, access("/" + parent, F_OK) != 0 { try makeFolder("/" + parent) }
        guard mkdir(path, folderMode) == 0 || errno == EEXIST else {
            throw .io(operation: "make the folder", path: path, code: errno)
        }
    }

    /// Creates a file that is not there yet; never follows a link.
    static func create(_ path: String) throws(GuestDiskError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw .io(operation: "create", path: path, code: errno) }
        return descriptor
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(GuestDiskError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .io(operation: "write", path: path, code: errno) }
            written += count
        }
    }

    /// Forces content to the disk. May take seconds, so not on a thread of the task pool.
    static func synchronize(_ descriptor: Int32, path: String) async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global(qos: .utility).async {
                if fsync(descriptor) == 0 {
                    continuation.resume()
                } else {
                    let code = errno
                    continuation.resume(
                        throwing: GuestDiskError.io(
                            operation: "synchronize", path: path, code: code))
                }
            }
        }
    }

    /// Makes a rename or removal in the folder durable.
    static func synchronizeFolder(_ path: String) async throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw GuestDiskError.io(operation: "open the folder", path: path, code: errno)
        }
        defer { _ = close(descriptor) }
        try await synchronize(descriptor, path: path)
    }

    static func rename(_ source: String, to target: String) throws(GuestDiskError) {
        guard Glibc.rename(source, target) == 0 else {
            throw .io(operation: "rename to \(target)", path: source, code: errno)
        }
    }

    /// Removes a file; one that is not there is fine.
    static func remove(_ path: String) throws(GuestDiskError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .io(operation: "remove", path: path, code: errno)
        }
    }

    /// Size of a regular file in bytes; nil if there is none.
    static func size(_ path: String) throws(GuestDiskError) -> UInt64? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw .io(operation: "look up", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .io(operation: "use as a regular file", path: path, code: EINVAL)
        }
        return UInt64(status.st_size)
    }

    /// Up to `count` bytes from `offset` on.
    static func read(
        _ path: String, offset: UInt64, count: Int
    ) throws(GuestDiskError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(operation: "open", path: path, code: errno) }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes[done...].withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset) + off_t(done))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .io(operation: "read", path: path, code: errno) }
            if got == 0 { break }
            done += got
        }
        return Array(bytes.prefix(done))
    }

    /// Whether the path is a folder itself, not a link to one.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Sorted; empty for a folder that is not there.
    static func names(in folder: String) throws(GuestDiskError) -> [String] {
        guard access(folder, F_OK) == 0 else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            // Removed meanwhile: nothing is in it.
            if access(folder, F_OK) != 0 { return [] }
            throw .io(operation: "list", path: folder, code: EIO)
        }
    }
}

/// Tells how many bytes a folder's file system has free for this process.
public typealias FreeSpaceProbe = @Sendable (_ directory: String) throws -> UInt64

/// The probe that asks the file system (`statvfs`).
public enum FileSystemSpace {
    /// - Parameter directory: an existing folder.
    /// - Returns: bytes available to this user.
    /// - Throws: `GuestDiskError.io` if the folder cannot be asked.
    public static func freeBytes(_ directory: String) throws(GuestDiskError) -> UInt64 {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else {
            throw .io(operation: "ask for the free space of", path: directory, code: errno)
        }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
