import Foundation

/// A disk image that instances boot from. Its bytes lie in the image directory under its id.
public struct Image: Codable, Sendable, Equatable {
    /// Its UUID; callers may choose it.
    public var id: ImageID
    /// Display name, may be nil, not unique.
    public var name: String?
    /// Where it stands.
    public var status: ImageStatus
    /// Who may see it.
    public var visibility: ImageVisibility
    /// The project that made it.
    public var ownerID: ProjectID
    /// Declared format; the bytes are checked against it before anything else sees them.
    public var diskFormat: String?
    /// Declared container; only `bare` boots.
    public var containerFormat: String?
    /// Size of the stored file in bytes; nil while queued.
    public var sizeBytes: Int64?
    /// Size of the disk the guest sees, in bytes.
    public var virtualSizeBytes: Int64?
    /// MD5 of the file, hex, as the API has always shown it.
    public var checksum: String?
    /// SHA-512 of the file, hex; agents verify it.
    public var sha512: String?
    /// Least root disk in GiB.
    public var minDiskGiB: Int
    /// Least memory in MiB.
    public var minMemoryMiB: Int
    /// Refuses deletion when set.
    public var protected: Bool
    /// Left out of lists unless asked for.
    public var hidden: Bool
    /// Labels.
    public var tags: [String]
    /// Free properties, shown as top-level keys.
    public var properties: [String: String]
    /// Why the last upload was refused, for the owner.
    public var failure: String?
    /// When it was made.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// A queued image without data.
    public init(id: ImageID, name: String?, ownerID: ProjectID, createdAt: Date) {
        self.id = id
        self.name = name
        self.ownerID = ownerID
        self.createdAt = createdAt
        self.updatedAt = createdAt
        status = .queued
        visibility = .shared
        minDiskGiB = 0
        minMemoryMiB = 0
        protected = false
        hidden = false
        tags = []
        properties = [:]
    }
}

/// Life of an image: `queued -> saving -> active`, `saving -> queued` when an upload fails.
public enum ImageStatus: String, Codable, Sendable {
    case queued, saving, active, killed, deactivated
}

/// Who may see an image.
public enum ImageVisibility: String, Codable, Sendable {
    case `public`, `private`, shared, community
}
