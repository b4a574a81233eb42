import FoundationEssentials

/// Why no config drive could be made.
public enum ConfigDriveError: Error, Sendable, Hashable, CustomStringConvertible {
    case badPrefixLength(Int, version: Int)
    case userDataTooLarge(foundBytes: Int, maximumBytes: Int)
    case vendorDataTooLarge(foundBytes: Int, maximumBytes: Int)
    case vendorDataIsNoJSONObject
    /// A text could not be written as JSON.
    case notEncodable(document: String)

    /// What was found and which input is allowed.
    public var description: String {
        switch self {
        case .badPrefixLength(let length, let version):
            "The prefix length \(length) is outside of 0 to \(version == 4 ? 32 : 128) for "
                + "IPv\(version): correct the subnet."
        case .userDataTooLarge(let found, let maximum):
            "The user data has \(found) bytes; at most \(maximum) are allowed."
        case .vendorDataTooLarge(let found, let maximum):
            "The vendor data has \(found) bytes; at most \(maximum) are allowed."
        case .vendorDataIsNoJSONObject:
            "The vendor data is no JSON object: correct the site's configuration."
        case .notEncodable(let document):
            "The document \(document) could not be written as JSON."
        }
    }
}

/// The files of an OpenStack config drive, as cloud-init, Ignition and cloudbase-init read them.
public struct ConfigDriveContents: Sendable {
    /// The label by which guests find the disk.
    public static let volumeID = "config-2"
    /// The folders under `openstack/`. All hold the same: the dated one is Nova's format version
    /// of its Rocky release, whose fields `latest` has too.
    public static let versions = ["2018-08-27", "latest"]
    /// Most user data, in bytes after base64 decoding: the API takes 65,535 characters.
    public static let maximumUserDataBytes = 65_535
    /// Most vendor data, in bytes.
    public static let maximumVendorDataBytes = 1 << 20

    private let documents: [(name: String, content: [UInt8])]

    /// - Parameters:
    ///   - instance: becomes `meta_data.json`.
    ///   - interfaces: become `network_data.json`, in this order.
    ///   - userData: the user's own bytes, decoded; nil leaves the file out.
    ///   - vendorData: the site's JSON object; nil writes an empty one.
    /// - Throws: `ConfigDriveError` if something is out of its range.
    public init(
        instance: InstanceMetadata, interfaces: [InstanceInterface], userData: [UInt8]? = nil,
        vendorData: [UInt8]? = nil
    ) throws(ConfigDriveError) {
        let seed = instance.randomSeed.map { Data($0).base64EncodedString() }
        let metadata = MetadataDocument(instance, randomSeedBase64: seed)
        var documents = [
            ("meta_data.json", try Self.json(metadata, "meta_data.json")),
            (
                "network_data.json",
                try Self.json(try NetworkDataDocument(interfaces), "network_data.json")
            ),
            ("vendor_data.json", try Self.checkedVendorData(vendorData)),
        ]
        if let userData {
            guard userData.count <= Self.maximumUserDataBytes else {
                throw .userDataTooLarge(
                    foundBytes: userData.count, maximumBytes: Self.maximumUserDataBytes)
            }
            documents.append(("user_data", userData))
        }
        self.documents = documents.map { (name: $0.0, content: $0.1) }
    }

    /// The drive's files, each once per version.
    public var files: [ISO9660File] {
        Self.versions.flatMap { version in
            documents.map {
                ISO9660File(path: "openstack/\(version)/\($0.name)", content: $0.content)
            }
        }
    }

    /// The drive's image. The same contents and time give the same bytes.
    /// - Parameter secondsSince1970: time stamp of all files.
    /// - Throws: `ISO9660Error` if the time is outside of 1970 to 2155.
    public func image(secondsSince1970: Int64) throws(ISO9660Error) -> [UInt8] {
        try ISO9660Image.bytes(
            volumeID: Self.volumeID, files: files, secondsSince1970: secondsSince1970)
    }

    private static func json(
        _ document: some Encodable, _ name: String
    ) throws(ConfigDriveError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(document))
        } catch {
            throw .notEncodable(document: name)
        }
    }

    private struct SomeObject: Decodable {
        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            _ = try decoder.container(keyedBy: Key.self)
        }
    }

    private static func checkedVendorData(_ bytes: [UInt8]?) throws(ConfigDriveError) -> [UInt8] {
        guard let bytes else { return Array("{}".utf8) }
        guard bytes.count <= maximumVendorDataBytes else {
            throw .vendorDataTooLarge(
                foundBytes: bytes.count, maximumBytes: maximumVendorDataBytes)
        }
        do {
            _ = try JSONDecoder().decode(SomeObject.self, from: Data(bytes))
        } catch {
            throw .vendorDataIsNoJSONObject
        }
        return bytes
    }
}
