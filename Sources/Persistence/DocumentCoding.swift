import Foundation
import JSON

/// Values to stored bytes and back. Keys are sorted, so that equal values have equal bytes; dates
/// are seconds since 2001 as a shortest exact decimal, so that they come back unchanged.
enum DocumentCoding {
    static func encode<Value: StoredValue>(
        _ value: Value, key: DocumentKey
    ) throws(StoreError) -> [UInt8] {
        if let written = writtenByHand(value) { return written }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(Envelope(value: value)))
        } catch {
            throw .encoding(key, detail: String(describing: error))
        }
    }

    private static func writtenByHand(_ value: some StoredValue) -> [UInt8]? {
        var json = JSONWriter(.compact)
        var isWritten = false
        json.object { json in
            json.key("d")
            isWritten = value.write(to: &json)
            json.key("v")
            json.number(type(of: value).schemaVersion)
        }
        return isWritten && json.isValid ? json.bytes : nil
    }

    static func decode<Value: StoredValue>(
        _ type: Value.Type, from bytes: [UInt8], key: DocumentKey
    ) throws(StoreError) -> Value {
        let decoder = JSONDecoder()
        do {
            return try decoder.decode(Envelope<Value>.self, from: Data(bytes)).value
        } catch let failure as UnknownVersion {
            throw .newerVersion(key, found: failure.found, supported: Value.schemaVersion)
        } catch {
            throw .decoding(
                key, version: version(of: bytes, decoder), detail: String(describing: error))
        }
    }

    /// The version of a document whose content can't be read, if at least that can.
    private static func version(of bytes: [UInt8], _ decoder: JSONDecoder) -> Int? {
        do {
            return try decoder.decode(VersionOnly.self, from: Data(bytes)).v
        } catch {
            return nil
        }
    }

    private struct VersionOnly: Decodable {
        let v: Int
    }

    private struct UnknownVersion: Error {
        let found: Int
    }

    private struct Envelope<Value: StoredValue>: Codable {
        let value: Value

        enum CodingKeys: String, CodingKey {
            case version = "v"
            case document = "d"
        }

        init(value: Value) {
            self.value = value
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let version = try container.decode(Int.self, forKey: .version)
            guard version <= Value.schemaVersion else { throw UnknownVersion(found: version) }
            value =
                version == Value.schemaVersion
                ? try container.decode(Value.self, forKey: .document)
                : try Value(
                    upgradingFrom: version, container.superDecoder(forKey: .document))
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(Value.schemaVersion, forKey: .version)
            try container.encode(value, forKey: .document)
        }
    }
}
