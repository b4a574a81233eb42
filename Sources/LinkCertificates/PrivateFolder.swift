import Foundation

#if canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A folder with small files that only their owner may read.
struct PrivateFolder: Sendable {
    /// A larger file isn't one of ours.
    static let fileBytesMax = 64 << 10
    private static let fileMode: mode_t = 0o600
    private static let folderMode: mode_t = 0o700
    private static let othersMask: mode_t = 0o077

    let path: String

    /// Makes the folder, and those above it, unless it exists.
    func create() throws(LinkCertificateError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: Int(Self.folderMode)])
        } catch {
            throw .fileFailed("making the folder \(path) failed: \(error)")
        }
    }

    /// A file's text; nil when there is none. A secret file that others may read is refused.
    func read(_ name: String, isSecret: Bool = false) throws(LinkCertificateError) -> String? {
        let file = path + "/" + name
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw .fileFailed("opening \(file) failed: \(systemError())")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        if isSecret { try checkMode(descriptor, file) }
        let data: Data
        do {
            data = try handle.read(upToCount: Self.fileBytesMax + 1) ?? Data()
        } catch {
            throw .fileFailed("reading \(file) failed: \(error)")
        }
        guard data.count <= Self.fileBytesMax, let text = String(data: data, encoding: .utf8) else {
            throw .fileFailed("\(file) is no text of at most \(Self.fileBytesMax) bytes")
        }
        return text
    }

    /// Replaces a file at once and durably; readable by its owner only.
    func write(_ text: String, as name: String) throws(LinkCertificateError) {
        let file = path + "/" + name
        let draft = file + ".new"
        // A draft left by a crash may have another mode; it is never reused.
        guard unlink(draft) == 0 || errno == ENOENT else {
            throw .fileFailed("removing \(draft) failed: \(systemError())")
        }
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, Self.fileMode)
        guard descriptor >= 0 else {
            throw .fileFailed("making \(draft) failed: \(systemError())")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
        } catch {
            throw .fileFailed("writing \(draft) failed: \(error)")
        }
        guard rename(draft, file) == 0 else {
            throw .fileFailed("renaming \(draft) to \(file) failed: \(systemError())")
        }
        try sync()
    }

    private func checkMode(_ descriptor: Int32, _ file: String) throws(LinkCertificateError) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            throw .fileFailed("reading the mode of \(file) failed: \(systemError())")
        }
        guard facts.st_mode & Self.othersMask == 0 else {
            let mode = String(facts.st_mode & 0o777, radix: 8)
            throw .fileFailed(
                "\(file) holds a key and its mode is \(mode), so others may have read it: have it"
                    + " replaced, or run chmod 600 if nobody did")
        }
    }

    private func sync() throws(LinkCertificateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .fileFailed("opening the folder \(path) failed: \(systemError())")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .fileFailed("syncing the folder \(path) failed: \(systemError())")
        }
    }
}

/// `errno` in words.
private func systemError() -> String { String(cString: strerror(errno)) }
