/// Writes JSON by hand, for the few types whose documents are written so often that the encoder
/// would cost more than all the rest. Its form is that of ``DocumentCoding``: no white space, keys
/// as the caller orders them, which must be by their bytes.
public struct JSONWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false
    /// False once a number had no JSON form.
    private(set) var isValid = true

    /// Begins with room for a small document.
    init() { bytes.reserveCapacity(1_024) }

    /// An object, whose members `body` writes.
    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        enclosed(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// A list, whose elements `element` writes, each with one call.
    public mutating func array<Element>(
        _ elements: [Element], _ element: (inout JSONWriter, Element) -> Void
    ) {
        enclosed(UInt8(ascii: "["), UInt8(ascii: "]")) { json in
            for value in elements { element(&json, value) }
        }
    }

    /// A list of whole numbers.
    public mutating func array(_ numbers: [Int]) { array(numbers) { $0.number($1) } }

    /// The name of the member whose value comes next; plain ASCII without quotes.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The name of a member that is not known beforehand.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Text.
    public mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            if utf8.contains(where: Self.needsEscape) {
                for byte in utf8 { append(byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A whole number.
    public mutating func number(_ value: Int) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A number as the shortest decimal that reads back as itself; one that is not finite spoils
    /// the document.
    public mutating func number(_ value: Double) {
        separate()
        if !value.isFinite { isValid = false }
        let text = value.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.dropLast(2).utf8 : text[...].utf8)
    }

    /// A truth value.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    private mutating func enclosed(
        _ start: UInt8, _ end: UInt8, _ body: (inout JSONWriter) -> Void
    ) {
        separate()
        bytes.append(start)
        needsComma = false
        body(&self)
        bytes.append(end)
        needsComma = true
    }

    /// Puts a comma between this value and the one before.
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(_ byte: UInt8) {
        guard Self.needsEscape(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: (byte < 0x10 ? "u000" : "u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
