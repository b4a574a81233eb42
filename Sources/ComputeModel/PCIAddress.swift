/// A PCI function's address in the form `dddd:bb:ss.f`.
///
/// Source: Linux `Documentation/PCI/sysfs-pci.rst`. Domains above FFFF (seen behind some host
/// bridges) are refused, as nobody can name them in a `device_spec`.
public struct PCIAddress: Hashable, Comparable, Sendable {
    /// 0 to FFFF.
    public let domain: UInt16
    /// 0 to FF.
    public let bus: UInt8
    /// 0 to 1F.
    public let slot: UInt8
    /// 0 to 7.
    public let function: UInt8

    /// Nil when `slot` or `function` is out of range.
    public init?(domain: UInt16, bus: UInt8, slot: UInt8, function: UInt8) {
        guard slot <= 0x1f, function <= 7 else { return nil }
        self.domain = domain
        self.bus = bus
        self.slot = slot
        self.function = function
    }

    /// Parses the full form `dddd:bb:ss.f` (hex, any case); nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 12, bytes[4] == UInt8(ascii: ":"), bytes[7] == UInt8(ascii: ":"),
            bytes[10] == UInt8(ascii: "."),
            let domain = Self.hex(bytes[0..<4]), let bus = Self.hex(bytes[5..<7]),
            let slot = Self.hex(bytes[8..<10]), let function = Self.hex(bytes[11..<12])
        else { return nil }
        self.init(
            domain: UInt16(domain), bus: UInt8(bus), slot: UInt8(slot), function: UInt8(function))
    }

    private static func hex(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value * 16 + Int(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value * 16 + Int(digit - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value * 16 + Int(digit - UInt8(ascii: "A")) + 10
            default: return nil
            }
        }
        return value
    }

    /// Order by domain, bus, slot, function: a PF sorts before its VFs on usual cards.
    public static func < (left: PCIAddress, right: PCIAddress) -> Bool {
        left.packed < right.packed
    }

    private var packed: UInt64 {
        UInt64(domain) << 24 | UInt64(bus) << 16 | UInt64(slot) << 8 | UInt64(function)
    }
}

extension PCIAddress: CustomStringConvertible {
    /// `dddd:bb:ss.f` in lower-case hex.
    public var description: String {
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(domain, 4)):\(padded(bus, 2)):\(padded(slot, 2)).\(padded(function, 1))"
    }
}

extension PCIAddress: Codable {
    /// Reads the text form; anything else is a decoding error that shows the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = PCIAddress(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not a PCI address (dddd:bb:ss.f)")
        }
        self = address
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
