/// The address of one document: `collection/part[/part...]`, for example `instances/<uuid>`.
///
/// The collection is lower-case letters, digits, `-` and `_`; every part is visible ASCII without
/// `/`. Text from outside (names, say) goes through ``escaped(_:)`` first. Keys sort by their
/// bytes, so all documents below `hosts/h1/` are neighbours and can be listed by prefix.
public struct DocumentKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The whole key as stored.
    public let rawValue: String
    private let collectionLength: Int

    /// Checks and takes a whole key. Throws ``StoreError/invalidKey(_:reason:)``.
    public init(_ rawValue: String) throws(StoreError) {
        let bytes = rawValue.utf8
        guard bytes.count <= StoreLimits.keyBytes else {
            throw .invalidKey(rawValue, reason: "longer than \(StoreLimits.keyBytes) bytes")
        }
        guard let slash = bytes.firstIndex(of: Self.separator) else {
            throw .invalidKey(rawValue, reason: "it has no part after a collection")
        }
        let collection = bytes[..<slash]
        guard !collection.isEmpty, collection.allSatisfy(Self.isCollectionByte) else {
            throw .invalidKey(
                rawValue, reason: "a collection is lower-case letters, digits, '-' and '_'")
        }
        var previous = Self.separator
        for byte in bytes[bytes.index(after: slash)...] {
            guard byte > 0x20, byte < 0x7F else {
                throw .invalidKey(rawValue, reason: "a part is visible ASCII; escape other text")
            }
            guard byte != Self.separator || previous != Self.separator else {
                throw .invalidKey(rawValue, reason: "it has an empty part")
            }
            previous = byte
        }
        guard previous != Self.separator else {
            throw .invalidKey(rawValue, reason: "it ends with an empty part")
        }
        self.rawValue = rawValue
        self.collectionLength = collection.count
    }

    /// The key of the document `id` (one or more parts) in a collection.
    public init(collection: String, id: String) throws(StoreError) {
        try self.init("\(collection)/\(id)")
    }

    /// The first part: which type of document this is.
    public var collection: String {
        String(Substring(rawValue.utf8.prefix(collectionLength)))
    }

    /// Everything after the collection and its `/`: the id inside the collection.
    public var id: String {
        String(Substring(rawValue.utf8.dropFirst(collectionLength + 1)))
    }

    public var description: String { rawValue }

    public static func < (left: DocumentKey, right: DocumentKey) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Any text as one key part: bytes other than letters, digits, `-`, `_`, `.` and `:` become
    /// `%XX`. Reversible, so two different texts never meet in one key.
    public static func escaped(_ text: String) -> String {
        // A part can't be empty, and a bare "%" is the code of nothing else.
        guard !text.isEmpty else { return "%" }
        var part = ""
        for byte in text.utf8 {
            if isPlainByte(byte) {
                part.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                part += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return part
    }

    private static let separator = UInt8(ascii: "/")

    private static func isCollectionByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: ":"): true
        default: isCollectionByte(byte)
        }
    }
}
