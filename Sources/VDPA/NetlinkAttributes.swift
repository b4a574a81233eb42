/// The attributes of a message: u16 length, u16 type, value, padding to 4 bytes each.
public struct NetlinkAttributes: Sendable, Equatable {
    /// Bytes of an attribute's header.
    static let headerSizeBytes = 4
    /// `NLA_TYPE_MASK`: the upper two bits say "nested" and "network order".
    static let typeMask: UInt16 = 0x3FFF

    /// The values by type, in the order of the message. A type that repeats keeps its last value.
    public private(set) var values: [UInt16: [UInt8]] = [:]

    /// Takes the bytes after a message's headers apart. Trailing bytes too few for an attribute
    /// are ignored, as the kernel does.
    public init(_ bytes: [UInt8]) throws(NetlinkFormatError) {
        var rest = bytes[...]
        while rest.count >= Self.headerSizeBytes {
            guard let length = rest.hostOrder(UInt16.self, at: 0).map({ Int($0) }),
                let type = rest.hostOrder(UInt16.self, at: 2)
            else { break }
            guard length >= Self.headerSizeBytes, length <= rest.count else {
                throw .badLength(length, available: rest.count)
            }
            let start = rest.startIndex + Self.headerSizeBytes
            values[type & Self.typeMask] = Array(rest[start..<(rest.startIndex + length)])
            rest = rest.dropFirst(netlinkAligned(length))
        }
    }

    /// A text up to its terminating zero; nil if the attribute isn't there.
    public func string(_ type: UInt16) -> String? {
        values[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// A number in host order; nil if the attribute isn't there. Throws if it has another size.
    public func number<T: FixedWidthInteger>(
        _ type: UInt16, as _: T.Type = T.self
    ) throws(NetlinkFormatError) -> T? {
        guard let value = values[type] else { return nil }
        guard value.count == MemoryLayout<T>.size, let number = value[...].hostOrder(T.self, at: 0)
        else { throw .badAttribute(type: type, sizeBytes: value.count) }
        return number
    }

    /// An attribute that holds a text with its terminating zero, padded.
    public static func encoded(_ type: UInt16, string: String) -> [UInt8] {
        let value = Array(string.utf8) + [0]
        var bytes: [UInt8] = []
        bytes.appendHostOrder(UInt16(clamping: headerSizeBytes + value.count))
        bytes.appendHostOrder(type)
        bytes += value
        return bytes + [UInt8](repeating: 0, count: netlinkAligned(bytes.count) - bytes.count)
    }
}
