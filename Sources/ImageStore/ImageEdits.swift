import ComputeModel
import DiskFormats

/// One change to an image's record, as callers may make it.
public enum ImageEdit: Sendable, Equatable {
    /// Display name.
    case name(String?)
    /// Who may see it; `public` is for administrators.
    case visibility(ImageVisibility)
    /// Refuse deletion.
    case protected(Bool)
    /// Leave out of lists.
    case hidden(Bool)
    /// Least root disk.
    case minDiskGiB(Int)
    /// Least memory.
    case minMemoryMiB(Int)
    /// All tags.
    case tags([String])
    /// Declared format; only before data is there.
    case diskFormat(String?)
    /// Declared container; only before data is there.
    case containerFormat(String?)
    /// The owner; for administrators.
    case owner(ProjectID)
    /// Sets a free property.
    case setProperty(String, String)
    /// Changes a free property that must exist.
    case replaceProperty(String, String)
    /// Removes a free property that must exist.
    case removeProperty(String)
}

extension Image {
    static let nameLengthMax = 255
    static let tagsMax = 128
    static let propertiesMax = 128
    /// Sum of all keys and values of free properties.
    static let propertiesBytesMax = 256 * 1024
    static let containerFormats: Set<String> = ["bare"]

    /// Applies an edit by `caller`, who may change this image.
    mutating func apply(_ edit: ImageEdit, by caller: Caller) throws(DomainError) {
        switch edit {
        case .name(let name):
            try Self.require((name?.count ?? 0) <= Self.nameLengthMax, "name", "it is too long.")
            self.name = name
        case .visibility(let visibility):
            guard visibility != .public || caller.isAdmin || self.visibility == .public else {
                throw .forbidden("You are not authorized to complete publicize_image action.")
            }
            self.visibility = visibility
        case .protected(let protected): self.protected = protected
        case .hidden(let hidden): self.hidden = hidden
        case .minDiskGiB(let size): minDiskGiB = try Self.bounded(size, "min_disk")
        case .minMemoryMiB(let size): minMemoryMiB = try Self.bounded(size, "min_ram")
        case .tags(let tags): try setTags(tags)
        case .diskFormat, .containerFormat: try setFormat(edit)
        case .owner(let owner):
            guard caller.isAdmin || owner == ownerID else {
                throw .forbidden("You are not permitted to set the owner of an image.")
            }
            ownerID = owner
        case .setProperty(let key, let value):
            properties[key] = value
            try checkProperties()
        case .replaceProperty(let key, let value):
            try requireProperty(key)
            properties[key] = value
            try checkProperties()
        case .removeProperty(let key):
            try requireProperty(key)
            properties[key] = nil
        }
    }

    private mutating func setTags(_ tags: [String]) throws(DomainError) {
        let unique = Set(tags)
        try Self.require(
            unique.count <= Self.tagsMax && unique.allSatisfy { (1...255).contains($0.count) },
            "tags", "at most \(Self.tagsMax) tags of 1 to 255 characters are kept.")
        self.tags = unique.sorted()
    }

    private mutating func setFormat(_ edit: ImageEdit) throws(DomainError) {
        guard status == .queued else {
            throw .forbidden(
                "The formats of an image can't change once its data is there:"
                    + " image \(id) is \(status.rawValue).")
        }
        if case .diskFormat(let format) = edit {
            let known = format.map { DiskImageFormat(rawValue: $0)?.isSupported == true } ?? true
            try Self.require(
                known, "disk_format",
                "'\(format ?? "")' is not supported: convert the image to qcow2 or raw.")
            diskFormat = format
        }
        if case .containerFormat(let format) = edit {
            let known = format.map { Self.containerFormats.contains($0) } ?? true
            try Self.require(
                known, "container_format", "'\(format ?? "")' is not supported: use 'bare'.")
            containerFormat = format
        }
    }

    private func checkProperties() throws(DomainError) {
        let bytes = properties.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard properties.count <= Self.propertiesMax, bytes <= Self.propertiesBytesMax else {
            throw .tooLarge(
                "An image keeps at most \(Self.propertiesMax) properties with together"
                    + " \(Self.propertiesBytesMax) bytes.")
        }
        try Self.require(
            properties.keys.allSatisfy { (1...255).contains($0.count) }, "properties",
            "a property's name has 1 to 255 characters.")
    }

    private func requireProperty(_ key: String) throws(DomainError) {
        guard properties[key] != nil else {
            throw .conflict(.image, .imageState, "Property \(key) does not exist.")
        }
    }

    private static func bounded(_ value: Int, _ field: String) throws(DomainError) -> Int {
        try require(
            (0...Int(Int32.max)).contains(value), field, "it must be from 0 to \(Int32.max).")
        return value
    }

    private static func require(
        _ condition: Bool, _ field: String, _ why: String
    ) throws(DomainError) {
        guard condition else {
            throw .invalid(.image, field: field, "Invalid value for option \(field): \(why)")
        }
    }
}
