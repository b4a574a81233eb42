import ComputeModel
import DiskFormats
import Foundation

/// The bytes of the images: one file for each active image, named by its id, in one directory.
/// A file under its final name is complete and was inspected; `<id>.part` is an upload.
public struct ImageFiles: Sendable {
    /// Bytes read at a time.
    static let chunkBytes = 256 * 1024
    static let partSuffix = ".part"

    private let directory: URL
    private let limits: DiskInspectionLimits
    private let executor: (any SerialExecutor)?

    /// Files in `settings.directory`, within the settings' sizes, read and written on
    /// `executor`; nil: on threads of their own.
    public init(settings: ImageStoreSettings, executor: (any SerialExecutor)? = nil) {
        directory = settings.directory
        self.executor = executor
        limits = DiskInspectionLimits(
            maximumVirtualSizeBytes: UInt64(settings.virtualBytesMax),
            maximumFileSizeBytes: UInt64(settings.imageBytesMax))
    }

    /// The bytes of an active image, to be read once. Reads ahead of nobody: memory is one chunk.
    /// Throws `notFound` when there is no such file.
    public func open(_ id: ImageID) async throws -> ImageChunks {
        do {
            return ImageChunks(reader: try ImageFileReader(path: try path(id), executor: executor))
        } catch ImageFileError.missing, ImageFileError.badID {
            throw DomainError.notFound(.image, id.text)
        }
    }

    /// Creates the directory if need be, and removes what interrupted uploads left, and files of
    /// images that aren't in `active`. Returns the names that were removed.
    func sweep(active: Set<ImageID>) throws -> [String] {
        let files = FileManager.default
        try files.createDirectory(
            at: directory, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        var removed: [String] = []
        for name in try files.contentsOfDirectory(atPath: directory.path) {
            let isPart = name.hasSuffix(Self.partSuffix)
            let stem = isPart ? String(name.dropLast(Self.partSuffix.count)) : name
            // Only what is named like ours: whatever else lies here belongs to somebody.
            guard Self.isUUID(stem), isPart || !active.contains(ImageID(name)) else { continue }
            try files.removeItem(at: directory.appendingPathComponent(name))
            removed.append(name)
        }
        return removed.sorted()
    }

    /// Bytes that the file system still takes.
    func freeBytes() throws -> Int64 {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: directory.path)
        return (attributes[.systemFreeSize] as? NSNumber)?.int64Value ?? .max
    }

    func writer(_ id: ImageID, declared: DiskImageFormat) throws(ImageFileError) -> ImageFileWriter
    {
        try ImageFileWriter(
            creating: try path(id) + Self.partSuffix, declared: declared, limits: limits,
            executor: executor)
    }

    /// Gives a finished upload its final name, so that it survives a crash.
    func publish(_ id: ImageID) throws(ImageFileError) {
        let path = try path(id)
        guard rename(path + Self.partSuffix, path) == 0 else {
            throw ImageFileError("renaming", path, errno)
        }
        let folder = Foundation.open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw ImageFileError("opening", directory.path, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else {
            throw ImageFileError("flushing", directory.path, errno)
        }
    }

    func removePart(_ id: ImageID) throws(ImageFileError) {
        try remove(try path(id) + Self.partSuffix)
    }

    func remove(_ id: ImageID) throws(ImageFileError) {
        try remove(try path(id))
    }

    private func remove(_ path: String) throws(ImageFileError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw ImageFileError("removing", path, errno)
        }
    }

    private func path(_ id: ImageID) throws(ImageFileError) -> String {
        guard Self.isUUID(id.text) else { throw .badID(id.text) }
        return directory.appendingPathComponent(id.text).path
    }

    /// Whether `text` is a lower-case UUID with dashes.
    static func isUUID(_ text: String) -> Bool {
        UUID(uuidString: text)?.uuidString.lowercased() == text
    }
}

/// The bytes of one image, chunk by chunk. For one reader.
public struct ImageChunks: AsyncSequence, Sendable {
    /// At most `ImageFiles.chunkBytes` bytes.
    public typealias Element = [UInt8]
    let reader: ImageFileReader

    /// The one reader.
    public func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

    /// Reads the chunks in order.
    public struct Iterator: AsyncIteratorProtocol {
        let reader: ImageFileReader

        /// The next chunk; nil at the end. Throws `internalFailure` when the disk fails.
        public mutating func next() async throws -> [UInt8]? {
            do {
                return try await reader.next()
            } catch {
                throw DomainError.internalFailure("Reading an image failed: \(error)")
            }
        }
    }
}

/// One open image file. Stays readable when the image is deleted meanwhile.
actor ImageFileReader {
    /// Readers share these threads.
    private static let threads = (0..<4).map { ImageFileThread(label: "image-read-\($0)") }

    nonisolated let thread: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    private let path: String
    private let descriptor: Int32

    init(path: String, executor: (any SerialExecutor)?) throws(ImageFileError) {
        let opened = Foundation.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard opened >= 0 else { throw ImageFileError("opening", path, errno) }
        descriptor = opened
        self.path = path
        thread = executor ?? Self.threads[Int(opened) % Self.threads.count]
    }

    deinit {
        close(descriptor)
    }

    func next() throws(ImageFileError) -> [UInt8]? {
        var code: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: ImageFiles.chunkBytes) { buffer, count in
            var found = -1
            repeat {
                found = read(descriptor, buffer.baseAddress, buffer.count)
                code = found < 0 ? errno : 0
            } while code == EINTR
            count = max(0, found)
        }
        guard code == 0 else { throw ImageFileError("reading", path, code) }
        return chunk.isEmpty ? nil : chunk
    }
}
