import Foundation

#if canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The record as a JSON file in the agent's state directory, replaced atomically: written beside
/// it, synced, renamed over it, and the directory synced.
public struct FileRecordStore: LocalRecordStore {
    /// A larger file isn't ours, or is broken.
    static let sizeBytesMax = 16 << 20

    private let path: String

    /// Keeps the record in `directory`, which exists, as `assignments.json`.
    public init(directory: String) {
        path = directory + "/assignments.json"
    }

    /// Reads the file; nil when there is none.
    public func load() async throws(LocalRecordError) -> LocalRecord? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw .unreadable("\(path): \(lastSystemError())")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            let data = try handle.read(upToCount: Self.sizeBytesMax + 1) ?? Data()
            guard data.count <= Self.sizeBytesMax else {
                throw LocalRecordError.unreadable("\(path) is larger than 16 MiB")
            }
            return try JSONDecoder().decode(LocalRecord.self, from: data)
        } catch let error as LocalRecordError {
            throw error
        } catch {
            throw .unreadable("\(path): \(error); move it away to start without it")
        }
    }

    /// Replaces the file, readable by its owner only.
    public func save(_ record: LocalRecord) async throws(LocalRecordError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let data: Data
        do { data = try encoder.encode(record) } catch {
            throw .unwritable("\(path): \(error)")
        }
        let draft = path + ".new"
        try writeDurably(data, to: draft)
        guard rename(draft, path) == 0 else {
            throw .unwritable("\(path): rename: \(lastSystemError())")
        }
        try syncDirectory()
    }

    private func writeDurably(_ data: Data, to draft: String) throws(LocalRecordError) {
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable("\(draft): \(lastSystemError())") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: data)
            try handle.synchronize()
        } catch {
            throw .unwritable("\(draft): \(error)")
        }
    }

    private func syncDirectory() throws(LocalRecordError) {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable("\(folder): \(lastSystemError())") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .unwritable("\(folder): fsync: \(lastSystemError())")
        }
    }
}

/// `errno` in words.
private func lastSystemError() -> String { String(cString: strerror(errno)) }
