import ComputeModel
import Foundation
import JSON
import RequestPipeline

/// An image as clients see it: its free properties first, then what every image has.
enum ImageView {
    /// Why the last upload was refused; absent when it wasn't.
    static let failureKey = "millrace:failure"

    static func json(_ image: Image) -> JSONValue {
        var members = image.properties.sorted { $0.key < $1.key }.map {
            JSONValue.Member($0.key, .string($0.value))
        }
        let path = "/v2/images/\(image.id)"
        members += [
            .init("name", .optional(image.name)),
            .init("disk_format", .optional(image.diskFormat)),
            .init("container_format", .optional(image.containerFormat)),
            .init("visibility", .string(image.visibility.rawValue)),
            .init("size", .optional(image.sizeBytes.map { Int($0) })),
            .init("virtual_size", .optional(image.virtualSizeBytes.map { Int($0) })),
            .init("status", .string(image.status.rawValue)),
            .init("checksum", .optional(image.checksum)),
            .init("protected", .bool(image.protected)),
            .init("min_ram", .int(image.minMemoryMiB)),
            .init("min_disk", .int(image.minDiskGiB)),
            .init("owner", .string(image.ownerID.text)),
            .init("os_hidden", .bool(image.hidden)),
            .init("os_hash_algo", .optional(image.sha512.map { _ in "sha512" })),
            .init("os_hash_value", .optional(image.sha512)),
            .init("id", .string(image.id.text)),
            .init("created_at", .string(time(image.createdAt))),
            .init("updated_at", .string(time(image.updatedAt))),
            .init("tags", .strings(image.tags)),
            .init("self", .string(path)),
            .init("file", .string(path + "/file")),
            .init("schema", "/v2/schemas/image"),
        ]
        if image.sizeBytes != nil { members.append(.init("stores", "file")) }
        if let failure = image.failure {
            members.append(.init(failureKey, .string(failure)))
        }
        return .object(members)
    }

    /// `2026-01-02T03:04:05Z`.
    private static func time(_ date: Date) -> String {
        Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
            .formatted(.iso8601)
    }
}
