import Glibc

/// The right of one process to use a state file: an advisory lock (`flock`) on a file beside it.
/// The kernel drops it with the process, so a crash leaves nothing to clean up.
final class StateFileLock: Sendable {
    private let descriptor: Int32

    /// Throws ``StoreError/locked(path:detail:)`` if another process (or another store of this
    /// one) holds it.
    init(besides path: String) throws(StoreError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .cannotOpen(path: lockPath, detail: Self.text(of: errno))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.holder(descriptor)
            Glibc.close(descriptor)
            if reason == EWOULDBLOCK { throw .locked(path: path, detail: holder) }
            throw .cannotOpen(path: lockPath, detail: Self.text(of: reason))
        }
        // For people only; the lock itself is what counts, so a full disk is no reason to stop.
        let line = "\(getpid())\n"
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, line, line.utf8.count, 0) }
        self.descriptor = descriptor
    }

    deinit {
        // A child that is about to become another program still has what this process had open;
        // closing alone would leave the lock to it until then.
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    /// Makes a file that only its owner may read before a library makes it for everyone.
    static func makePrivate(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, detail: text(of: errno)) }
        Glibc.close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        let digits = buffer.prefix(max(0, count)).prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty
            ? "held by another process"
            : "held by process \(String(decoding: digits, as: UTF8.self))"
    }

    private static func text(of code: Int32) -> String {
        String(cString: strerror(code))
    }
}
