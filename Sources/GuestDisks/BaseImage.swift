import Crypto
import DiskFormats
import Foundation

/// The checksum that an image must have, as lower-case hexadecimal digits.
public enum ImageChecksum: Sendable, Hashable, CustomStringConvertible {
    case sha256(String)
    case sha512(String)

    /// The digits.
    public var hexDigits: String {
        switch self {
        case .sha256(let digits), .sha512(let digits): digits
        }
    }

    /// Algorithm and digits, for messages.
    public var description: String {
        switch self {
        case .sha256(let digits): "SHA-256 \(digits)"
        case .sha512(let digits): "SHA-512 \(digits)"
        }
    }

    var digitCount: Int {
        switch self {
        case .sha256: 64
        case .sha512: 128
        }
    }
}

/// An image as the image service describes it.
public struct BaseImage: Sendable, Hashable {
    /// The image's UUID.
    public let id: String
    /// What the content must hash to.
    public let checksum: ImageChecksum
    /// Size of the image's file in bytes.
    public let sizeBytes: UInt64
    /// The declared format; the content must agree.
    public let format: DiskImageFormat

    /// - Parameters: see the properties of the same names.
    public init(id: String, checksum: ImageChecksum, sizeBytes: UInt64, format: DiskImageFormat) {
        self.id = id
        self.checksum = checksum
        self.sizeBytes = sizeBytes
        self.format = format
    }

    private static let shownDigits = 16

    /// The name in the cache: another content under the same id is another file.
    func fileName() throws(GuestDiskError) -> String {
        try SafeName.check(id, kind: "image id")
        let digits = checksum.hexDigits
        guard digits.utf8.count == checksum.digitCount,
            digits.allSatisfy({ "0123456789abcdef".contains($0) })
        else { throw .badName(kind: "image checksum", found: digits) }
        return "\(id)-\(digits.prefix(Self.shownDigits)).\(format.rawValue)"
    }
}

/// A verified image in the cache.
public struct CachedImage: Sendable, Hashable {
    /// Absolute path of the file, which is never written again.
    public let path: String
    /// Found by inspection, equal to the one declared.
    public let format: DiskImageFormat
    /// Size in bytes of the disk inside.
    public let virtualSizeBytes: UInt64

    /// - Parameters: see the properties of the same names.
    public init(path: String, format: DiskImageFormat, virtualSizeBytes: UInt64) {
        self.path = path
        self.format = format
        self.virtualSizeBytes = virtualSizeBytes
    }
}

/// Hashes while bytes stream by.
enum ImageHasher: Sendable {
    case sha256(SHA256)
    case sha512(SHA512)

    init(for checksum: ImageChecksum) {
        switch checksum {
        case .sha256: self = .sha256(SHA256())
        case .sha512: self = .sha512(SHA512())
        }
    }

    mutating func update(_ chunk: [UInt8]) {
        switch self {
        case .sha256(var hash):
            hash.update(data: chunk)
            self = .sha256(hash)
        case .sha512(var hash):
            hash.update(data: chunk)
            self = .sha512(hash)
        }
    }

    func hexDigits() -> String {
        let digest: [UInt8] =
            switch self {
            case .sha256(let hash): Array(hash.finalize())
            case .sha512(let hash): Array(hash.finalize())
            }
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
