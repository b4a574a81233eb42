/// Text that is compared and hashed byte by byte.
///
/// Swift's own comparison takes canonical equivalents for equal and therefore sorts each run of
/// combining marks by insertion: a key of 100,000 marks takes half a minute. Text from outside is
/// put into sets and dictionaries as this. RFC 8259 compares names of members in the same way.
public struct ExactText: Hashable, Sendable {
    /// The text as it came.
    public let text: String

    /// Wraps `text`; costs nothing.
    public init(_ text: String) { self.text = text }

    /// Whether the bytes are the same.
    public static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.count == right.text.utf8.count
            && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        // Text that is not stored in one piece comes from other languages alone.
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isHashed == nil { for byte in text.utf8 { hasher.combine(byte) } }
    }
}

extension ExactText: Comparable {
    /// The order of the bytes, which is that of the Unicode scalars.
    public static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
