import ComputeModel

/// Which images a list shows, and in which order.
public struct ImageQuery: Sendable {
    /// What images are sorted by.
    public enum SortKey: String, Sendable, CaseIterable {
        case name, status, id, size
        case diskFormat = "disk_format"
        case containerFormat = "container_format"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    /// One level of order.
    public struct Sort: Sendable, Equatable {
        /// By what.
        public var key: SortKey
        /// Largest first.
        public var descending: Bool

        /// A level.
        public init(_ key: SortKey, descending: Bool) {
            self.key = key
            self.descending = descending
        }
    }

    /// Whose images by visibility.
    public enum Visibility: Sendable, Equatable {
        /// Own and public ones; community images of others only when asked for.
        case usual
        /// Everything the caller may see.
        case all
        /// One kind.
        case only(ImageVisibility)
    }

    /// Any of these ids.
    public var ids: Set<String>?
    /// Any of these names.
    public var names: Set<String>?
    /// Any of these states; unknown ones match nothing.
    public var statuses: Set<String>?
    /// Any of these disk formats.
    public var diskFormats: Set<String>?
    /// Any of these container formats.
    public var containerFormats: Set<String>?
    /// By visibility.
    public var visibility = Visibility.usual
    /// By owner.
    public var owner: ProjectID?
    /// With all of these tags.
    public var tags: [String] = []
    /// Hidden ones, instead of those that aren't.
    public var hidden = false
    /// By protection.
    public var protected: Bool?
    /// By MD5.
    public var checksum: String?
    /// By SHA-512.
    public var sha512: String?
    /// Least size in bytes.
    public var sizeBytesMin: Int64?
    /// Largest size in bytes.
    public var sizeBytesMax: Int64?
    /// With these free properties.
    public var properties: [String: String] = [:]
    /// The order; the id decides at last.
    public var sort = [Sort(.createdAt, descending: true)]
    /// Page size.
    public var limit: Int
    /// The last image of the page before.
    public var marker: ImageID?

    /// Everything usual, newest first.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether `image` passes all filters, for a caller who may see it.
    func includes(_ image: Image, for caller: Caller) -> Bool {
        contains(ids, image.id.text) && contains(names, image.name)
            && contains(statuses, image.status.rawValue)
            && contains(diskFormats, image.diskFormat)
            && contains(containerFormats, image.containerFormat)
            && includes(visibilityOf: image, caller) && (owner == nil || owner == image.ownerID)
            && tags.allSatisfy { image.tags.contains($0) } && hidden == image.hidden
            && (protected == nil || protected == image.protected)
            && (checksum == nil || checksum == image.checksum)
            && (sha512 == nil || sha512 == image.sha512)
            && (sizeBytesMin == nil || (image.sizeBytes ?? -1) >= (sizeBytesMin ?? 0))
            && (sizeBytesMax == nil || (image.sizeBytes ?? .max) <= (sizeBytesMax ?? 0))
            && properties.allSatisfy { image.properties[$0.key] == $0.value }
    }

    /// Whether `left` comes before `right`.
    func precedes(_ left: Image, _ right: Image) -> Bool {
        for level in sort {
            let order = Self.compare(left, right, level.key)
            if order != 0 { return level.descending ? order > 0 : order < 0 }
        }
        // Ids follow the first level's direction, so that reversing it reverses the list.
        let descending = sort.first?.descending ?? false
        return descending ? left.id > right.id : left.id < right.id
    }

    private func contains(_ wanted: Set<String>?, _ value: String?) -> Bool {
        guard let wanted else { return true }
        return value.map { wanted.contains($0) } ?? false
    }

    private func includes(visibilityOf image: Image, _ caller: Caller) -> Bool {
        switch visibility {
        case .all: true
        case .only(let kind): image.visibility == kind
        case .usual: image.visibility != .community || image.ownerID == caller.projectID
        }
    }

    private static func compare(_ left: Image, _ right: Image, _ key: SortKey) -> Int {
        func order<Value: Comparable>(_ a: Value, _ b: Value) -> Int {
            a < b ? -1 : (a > b ? 1 : 0)
        }
        switch key {
        case .name: return order(left.name ?? "", right.name ?? "")
        case .status: return order(left.status.rawValue, right.status.rawValue)
        case .id: return order(left.id, right.id)
        case .size: return order(left.sizeBytes ?? -1, right.sizeBytes ?? -1)
        case .diskFormat: return order(left.diskFormat ?? "", right.diskFormat ?? "")
        case .containerFormat:
            return order(left.containerFormat ?? "", right.containerFormat ?? "")
        case .createdAt: return order(left.createdAt, right.createdAt)
        case .updatedAt: return order(left.updatedAt, right.updatedAt)
        }
    }
}

/// One page of a list.
public struct ImagePage: Sendable {
    /// The images in order.
    public var images: [Image]
    /// Whether more follow.
    public var hasMore: Bool
}
