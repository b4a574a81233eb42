internal import Glibc

/// The end of a guest's console log.
enum ConsoleLog {
    /// Most bytes read at once, whatever was asked for.
    static let tailBytesMax = 1 << 20

    /// What went wrong, as errno.
    struct Failure: Error, Equatable {
        let code: Int32
    }

    /// At most the last `bytes` bytes as text; nil when there is no such file. A character that
    /// the cut or the guest broke is shown as U+FFFD.
    static func tail(path: String, bytes: Int) throws(Failure) -> String? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(code: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(code: EINVAL) }
        let wanted = min(max(0, bytes), tailBytesMax, Int(status.st_size))
        var buffer = [UInt8](repeating: 0, count: wanted)
        var count = 0
        while count < wanted {
            let offset = status.st_size - off_t(wanted - count)
            let got = buffer[count...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, offset)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Failure(code: errno) }
            if got == 0 { break }
            count += got
        }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
