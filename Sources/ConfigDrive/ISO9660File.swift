/// One file of an image.
public struct ISO9660File: Sendable, Hashable {
    /// Path from the image's root with `/` between names and none in front:
    /// `openstack/latest/meta_data.json`. Folders come into being by being named.
    public let path: String
    /// The file's content.
    public let content: [UInt8]

    /// - Parameters:
    ///   - path: see `path`.
    ///   - content: the file's bytes.
    public init(path: String, content: [UInt8]) {
        self.path = path
        self.content = content
    }
}

/// The bounds of an image. Larger input is refused.
public enum ISO9660Limits {
    /// Largest sum of all files' contents, in bytes.
    public static let maximumContentBytes = 64 << 20
    /// Most files in one image.
    public static let maximumFiles = 1024
    /// Most names in one path: ISO 9660 allows eight levels, the root being the first.
    public static let maximumPathNames = 7
    /// Longest name, in ASCII characters: Joliet's limit.
    public static let maximumNameLength = 64
    /// Longest volume identifier: Joliet holds 16 UCS-2 characters.
    public static let maximumVolumeIDLength = 16
}

/// Why no image was written.
public enum ISO9660Error: Error, Sendable, Hashable, CustomStringConvertible {
    case badVolumeID(String)
    case badPath(String)
    /// The path names something that exists already, or a folder where a file is.
    case duplicatePath(String)
    case tooManyFiles(found: Int, maximum: Int)
    case tooLarge(foundBytes: Int, maximumBytes: Int)
    case badTimestamp(secondsSince1970: Int64)

    /// What was found and which input is allowed.
    public var description: String {
        switch self {
        case .badVolumeID(let name):
            "The volume id \"\(name)\" must have 1 to \(ISO9660Limits.maximumVolumeIDLength) "
                + "characters a-z, A-Z, 0-9, - or _."
        case .badPath(let path):
            "The path \"\(path)\" must have 1 to \(ISO9660Limits.maximumPathNames) names of 1 to "
                + "\(ISO9660Limits.maximumNameLength) characters a-z, A-Z, 0-9, -, _ or ."
        case .duplicatePath(let path):
            "The path \"\(path)\" is given twice, or is both a file and a folder."
        case .tooManyFiles(let found, let maximum):
            "The image would hold \(found) files; at most \(maximum) are allowed."
        case .tooLarge(let found, let maximum):
            "The image's files have \(found) bytes; at most \(maximum) are allowed."
        case .badTimestamp(let seconds):
            "The time \(seconds) s since 1970 is outside of the years 1970 to 2155."
        }
    }
}
