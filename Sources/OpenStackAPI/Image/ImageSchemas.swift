import JSON
import RequestPipeline

/// The JSON schemas that older clients read before they show or change an image.
enum ImageSchemas {
    static var image: JSONValue {
        [
            "name": "image", "properties": .object(properties),
            "additionalProperties": ["type": "string"],
            "links": [
                ["rel": "self", "href": "{self}"], ["rel": "enclosure", "href": "{file}"],
                ["rel": "describedby", "href": "{schema}"],
            ],
        ]
    }

    static var images: JSONValue {
        [
            "name": "images",
            "properties": [
                "images": ["type": "array", "items": image],
                "first": text, "next": text, "schema": text,
            ],
            "links": [
                ["rel": "first", "href": "{first}"], ["rel": "next", "href": "{next}"],
                ["rel": "describedby", "href": "{schema}"],
            ],
        ]
    }

    private static let text: JSONValue = ["type": "string"]

    private static func readOnly(_ type: JSONValue, _ description: String) -> JSONValue {
        ["type": type, "readOnly": true, "description": .string(description)]
    }

    private static func choice(_ values: [JSONValue], _ description: String) -> JSONValue {
        ["enum": .array(values), "description": .string(description)]
    }

    private static var properties: [JSONValue.Member] {
        [
            .init("id", ["type": "string", "description": "The image's UUID."]),
            .init(
                "name",
                ["type": ["null", "string"], "maxLength": 255, "description": "Display name."]),
            .init(
                "status",
                choice(["queued", "saving", "active", "killed", "deactivated"], "Where it stands.")
            ),
            .init(
                "visibility",
                choice(["community", "public", "private", "shared"], "Who may see it.")),
            .init("protected", ["type": "boolean", "description": "Refuses deletion when set."]),
            .init("os_hidden", ["type": "boolean", "description": "Left out of lists when set."]),
            .init("checksum", readOnly(["null", "string"], "MD5 of the data, hex.")),
            .init("os_hash_algo", readOnly(["null", "string"], "Algorithm of os_hash_value.")),
            .init("os_hash_value", readOnly(["null", "string"], "Digest of the data, hex.")),
            .init("owner", ["type": ["null", "string"], "description": "The owning project."]),
            .init("size", readOnly(["null", "integer"], "Size of the data in bytes.")),
            .init("virtual_size", readOnly(["null", "integer"], "Size of the disk in bytes.")),
            .init("container_format", choice([.null, "bare"], "What is around the disk.")),
            .init("disk_format", choice([.null, "qcow2", "raw"], "Format of the data.")),
            .init("created_at", readOnly("string", "When it was made.")),
            .init("updated_at", readOnly("string", "When it last changed.")),
            .init("tags", ["type": "array", "items": ["type": "string", "maxLength": 255]]),
            .init("min_ram", ["type": "integer", "description": "Least memory in MiB."]),
            .init("min_disk", ["type": "integer", "description": "Least root disk in GiB."]),
            .init("self", readOnly("string", "Its path.")),
            .init("file", readOnly("string", "Path of its data.")),
            .init("schema", readOnly("string", "Path of this schema.")),
            .init("stores", readOnly("string", "Where its data is.")),
        ]
    }
}
