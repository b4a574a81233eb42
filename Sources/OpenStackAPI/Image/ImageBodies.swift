import ComputeModel
import Conductor
import Foundation
import ImageStore
import JSON
import RequestPipeline

/// The body of `POST /v2/images`: attributes and free properties side by side.
struct ImageDraft {
    var id: ImageID?
    var edits: [ImageEdit] = []

    init(_ body: JSONValue) throws(DomainError) {
        guard case .object(let members) = body else {
            throw .invalid(.image, field: nil, "The body must be an object.")
        }
        for member in members {
            if member.key == "id" {
                guard case .string(let text) = member.value else {
                    throw .invalid(.image, field: "id", "An image's id is a UUID.")
                }
                id = ImageID(text)
            } else {
                edits.append(try ImageAttributes.edit(member.key, member.value))
            }
        }
    }
}

/// The body of `PATCH /v2/images/{id}`: a JSON patch with the operations add, replace and remove
/// on single attributes.
struct ImagePatch {
    static let mediaType = "application/openstack-images-v2.1-json-patch"
    static let operationsMax = 512

    var edits: [ImageEdit] = []

    init(_ body: JSONValue) throws(DomainError) {
        guard case .array(let operations) = body else {
            throw Self.invalid("Request body must be a JSON array of operation objects.")
        }
        guard operations.count <= Self.operationsMax else {
            throw .tooLarge("A patch has at most \(Self.operationsMax) operations.")
        }
        for operation in operations { edits.append(try Self.edit(operation)) }
    }

    private static func edit(_ operation: JSONValue) throws(DomainError) -> ImageEdit {
        guard case .object = operation else {
            throw invalid("Operations must be JSON objects.")
        }
        guard case .string(let name) = operation["op"] else {
            throw invalid("Unable to find 'op' in JSON Schema change.")
        }
        guard case .string(let path) = operation["path"] else {
            throw invalid("Unable to find 'path' in JSON Schema change.")
        }
        let key = try attribute(path)
        switch name {
        case "remove": return try ImageAttributes.removal(key)
        case "add", "replace":
            guard let value = operation["value"] else {
                throw invalid("Operation \"\(name)\" requires a member named \"value\".")
            }
            return try ImageAttributes.edit(key, value, mustExist: name == "replace")
        default:
            throw invalid("Operations must be one of: add, remove, replace; found '\(name)'.")
        }
    }

    /// The one attribute that a JSON pointer names.
    private static func attribute(_ path: String) throws(DomainError) -> String {
        guard path.hasPrefix("/"), path.count > 1, !path.dropFirst().contains("/") else {
            throw invalid("Pointer '\(path.prefix(256))' must name one attribute: '/name'.")
        }
        return String(path.dropFirst()).replacing("~1", with: "/").replacing("~0", with: "~")
    }

    private static func invalid(_ message: String) -> DomainError {
        .invalid(.image, field: nil, message)
    }
}
