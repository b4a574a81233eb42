import ComputeModel
import Conductor
import ImageStore
import JSON
import RequestPipeline

/// Names and types of an image's attributes in the API, for creation and for JSON patches.
enum ImageAttributes {
    /// Set by the service only.
    static let readOnly: Set<String> = [
        "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value",
        "created_at", "updated_at", "self", "file", "schema", "stores", "direct_url",
        "locations", "deleted", "deleted_at", "is_public", "id", ImageView.failureKey,
    ]
    /// Every image has these, so they can't be removed.
    static let base: Set<String> = [
        "name", "visibility", "protected", "os_hidden", "min_disk", "min_ram", "tags",
        "disk_format", "container_format", "owner",
    ]
    static let reservedPrefix = "os_glance"

    /// The edit that sets `key` to `value`.
    static func edit(
        _ key: String, _ value: JSONValue, mustExist: Bool = false
    ) throws(DomainError) -> ImageEdit {
        switch key {
        case "name": return .name(try optionalText(key, value))
        case "visibility":
            let text = try text(key, value)
            guard let visibility = ImageVisibility(rawValue: text) else {
                throw invalid(key, "'\(text)' is not one of public, private, shared, community")
            }
            return .visibility(visibility)
        case "protected": return .protected(try flag(key, value))
        case "os_hidden": return .hidden(try flag(key, value))
        case "min_disk": return .minDiskGiB(try number(key, value))
        case "min_ram": return .minMemoryMiB(try number(key, value))
        case "tags": return .tags(try texts(key, value))
        case "disk_format": return .diskFormat(try optionalText(key, value))
        case "container_format": return .containerFormat(try optionalText(key, value))
        case "owner": return .owner(ProjectID(try text(key, value)))
        default:
            try requireWritable(key)
            let text = try text(key, value)
            return mustExist ? .replaceProperty(key, text) : .setProperty(key, text)
        }
    }

    /// The edit that removes `key`.
    static func removal(_ key: String) throws(DomainError) -> ImageEdit {
        guard !base.contains(key) else {
            throw .forbidden("Property '\(key)' is part of every image and can't be removed.")
        }
        try requireWritable(key)
        return .removeProperty(key)
    }

    private static func requireWritable(_ key: String) throws(DomainError) {
        guard !readOnly.contains(key) else {
            throw .forbidden("Attribute '\(key)' is read-only.")
        }
        guard !key.hasPrefix(reservedPrefix) else {
            throw .forbidden("Attribute '\(key)' is reserved.")
        }
    }

    private static func text(_ key: String, _ value: JSONValue) throws(DomainError) -> String {
        guard case .string(let text) = value else { throw wrong(key, "a string", value) }
        return text
    }

    private static func optionalText(
        _ key: String, _ value: JSONValue
    ) throws(DomainError) -> String? {
        value == .null ? nil : try text(key, value)
    }

    private static func flag(_ key: String, _ value: JSONValue) throws(DomainError) -> Bool {
        switch value {
        case .bool(let flag): return flag
        case .string("true"), .string("True"): return true
        case .string("false"), .string("False"): return false
        default: throw wrong(key, "a boolean", value)
        }
    }

    private static func number(_ key: String, _ value: JSONValue) throws(DomainError) -> Int {
        switch value {
        case .integer(let number):
            guard let number = Int(exactly: number) else { throw wrong(key, "an integer", value) }
            return number
        case .string(let text):
            guard let number = Int(text) else { throw wrong(key, "an integer", value) }
            return number
        default: throw wrong(key, "an integer", value)
        }
    }

    private static func texts(_ key: String, _ value: JSONValue) throws(DomainError) -> [String] {
        guard case .array(let values) = value else { throw wrong(key, "a list", value) }
        var texts: [String] = []
        for value in values { texts.append(try text(key, value)) }
        return texts
    }

    private static func wrong(
        _ key: String, _ expected: String, _ found: JSONValue
    ) -> DomainError {
        invalid(key, "expected \(expected), found \(found.typeName)")
    }

    private static func invalid(_ key: String, _ why: String) -> DomainError {
        .invalid(
            .image, field: key,
            "Provided object does not match schema 'image': \(key): \(why).")
    }
}
