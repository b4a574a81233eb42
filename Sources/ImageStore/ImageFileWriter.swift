import Crypto
import DiskFormats
import Foundation

/// What can go wrong with image files.
enum ImageFileError: Error, Equatable {
    case diskFull
    /// Its data isn't there.
    case missing
    /// An id that is no UUID never becomes a path.
    case badID(String)
    /// The image was deleted while its data came in.
    case deleted
    case refused(DiskFormatError)
    case inputOutput(operation: String, path: String, code: Int32)

    init(_ operation: String, _ path: String, _ code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .diskFull
        case ENOENT: self = .missing
        default: self = .inputOutput(operation: operation, path: path, code: code)
        }
    }
}

/// What is known of an image's bytes after all of them came by.
struct ImageContent: Sendable, Equatable {
    var sizeBytes: Int64
    var virtualSizeBytes: Int64
    var md5: String
    var sha512: String
}

/// Takes in one image: writes, hashes and inspects each chunk as it comes. Memory is a few chunks,
/// whatever the image's size.
actor ImageFileWriter {
    nonisolated let thread: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let path: String
    private var descriptor: Int32
    private var inspector: DiskFormatInspector
    private var md5 = Insecure.MD5()
    private var sha512 = SHA512()

    /// Creates `path`, which must not exist.
    init(
        creating path: String, declared: DiskImageFormat, limits: DiskInspectionLimits,
        executor: (any SerialExecutor)? = nil
    ) throws(ImageFileError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let opened = open(path, flags, 0o600)
        guard opened >= 0 else { throw ImageFileError("creating", path, errno) }
        self.init(
            descriptor: opened, path: path, declared: declared, limits: limits,
            executor: executor)
    }

    /// Takes over an open file.
    init(
        descriptor: Int32, path: String, declared: DiskImageFormat,
        limits: DiskInspectionLimits, executor: (any SerialExecutor)? = nil
    ) {
        thread = executor ?? ImageFileThread(label: "image-write")
        self.path = path
        self.descriptor = descriptor
        inspector = DiskFormatInspector(declared: declared, limits: limits)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Adds the next bytes. Throws as soon as it is certain that the image will be refused.
    func write(_ chunk: [UInt8]) throws(ImageFileError) {
        do {
            try inspector.consume(chunk)
        } catch {
            throw .refused(error)
        }
        md5.update(data: chunk)
        sha512.update(data: chunk)
        var done = 0
        while done < chunk.count {
            let written = chunk[done...].withUnsafeBytes { bytes in
                Foundation.write(descriptor, bytes.baseAddress, bytes.count)
            }
            let code = errno
            if written < 0 && code == EINTR { continue }
            guard written > 0 else { throw ImageFileError("writing", path, code) }
            done += written
        }
    }

    /// Gives the verdict, flushes to the disk and closes.
    func finish(announcedBytes: Int64?) throws(ImageFileError) -> ImageContent {
        let found: DiskImageInspection
        do {
            found = try inspector.finish(expectedSizeBytes: announcedBytes.map { UInt64($0) })
        } catch {
            throw .refused(error)
        }
        guard fsync(descriptor) == 0 else { throw ImageFileError("flushing", path, errno) }
        close(descriptor)
        descriptor = -1
        return ImageContent(
            sizeBytes: Int64(found.fileSizeBytes), virtualSizeBytes: Int64(found.virtualSizeBytes),
            md5: Self.hex(md5.finalize()), sha512: Self.hex(sha512.finalize()))
    }

    private static func hex(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
