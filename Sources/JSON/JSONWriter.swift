/// Writes JSON in UTF-8, part by part or whole values. Written by hand because lists of a thousand
/// servers are an everyday answer and claims are stored thousands of times a second; an encoder
/// would cost more than all the rest of that work.
public struct JSONWriter: Sendable {
    /// How a text is laid out.
    public enum Form: Sendable {
        /// No white space, members as they come; numbers as Foundation's encoder writes them.
        case compact
        /// As compact, with the members of whole values in the order of their keys' bytes: equal
        /// values give equal bytes.
        case canonical
        /// `", "` and `": "` between parts, as OpenStack's services answer.
        case spaced
        /// One line for each part, members of whole values in the order of their keys' bytes: two
        /// texts can be compared line by line.
        case indented
    }

    /// Where the next part goes.
    private enum Place {
        case first, afterKey, afterValue
    }

    private static let indent = "  "

    /// The text so far.
    public private(set) var bytes: [UInt8] = []
    /// False once a number was infinite or not a number, which JSON can't hold; `null` stands for
    /// it.
    public private(set) var isValid = true
    private let form: Form
    private var place = Place.first
    private var depth = 0

    /// An empty text with room for a small document.
    public init(_ form: Form) {
        self.form = form
        bytes.reserveCapacity(1_024)
    }

    /// The text of `value`.
    public static func encode(_ value: JSONValue, as form: Form = .spaced) -> [UInt8] {
        var writer = JSONWriter(form)
        writer.value(value)
        return writer.bytes
    }

    // MARK: Parts

    /// An object, whose members `body` writes.
    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        begin(UInt8(ascii: "{"))
        body(&self)
        end(UInt8(ascii: "}"))
    }

    /// A list, whose elements `element` writes, each with one call.
    public mutating func array<Element>(
        _ elements: [Element], _ element: (inout JSONWriter, Element) -> Void
    ) {
        begin(UInt8(ascii: "["))
        for value in elements { element(&self, value) }
        end(UInt8(ascii: "]"))
    }

    /// A list of whole numbers.
    public mutating func array(_ numbers: [Int]) { array(numbers) { $0.number($1) } }

    /// The name of the member whose value comes next; plain ASCII without quotes.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        endKey()
    }

    /// The name of a member that is not known beforehand.
    public mutating func key(_ name: String) {
        string(name)
        endKey()
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
    public mutating func number(_ value: Int) { number(Int64(value)) }

    /// A whole number of a fixed width.
    public mutating func number(_ value: Int64) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    /// A number as the shortest decimal that reads back as itself; one that is not finite spoils
    /// the text.
    public mutating func number(_ value: Double) {
        guard value.isFinite else {
            isValid = false
            return null()
        }
        separate()
        let text = value.description
        let isShortened = isCompact && text.hasSuffix(".0")
        bytes.append(contentsOf: isShortened ? text.dropLast(2).utf8 : text[...].utf8)
    }

    /// A truth value.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    // MARK: Whole values

    /// A value with all that is in it.
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .integer(let integer): number(integer)
        case .number(let double): number(double)
        case .string(let text): string(text)
        case .array(let elements): array(elements) { $0.value($1) }
        case .object(let members): object(members)
        }
    }

    private mutating func object(_ members: [JSONValue.Member]) {
        let isSorted = form == .canonical || form == .indented
        let ordered =
            isSorted
            ? members.sorted { ExactText($0.key) < ExactText($1.key) } : members
        object { json in
            for member in ordered {
                json.key(member.key)
                json.value(member.value)
            }
        }
    }

    // MARK: Layout

    private var isCompact: Bool { form == .compact || form == .canonical }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        place = .first
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        if form == .indented, place == .afterValue { startLine() }
        bytes.append(bracket)
        place = .afterValue
    }

    private mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        if !isCompact { bytes.append(UInt8(ascii: " ")) }
        place = .afterKey
    }

    /// Puts between this part and the one before what belongs there.
    private mutating func separate() {
        let before = place
        place = .afterValue
        if before == .afterKey { return }
        if before == .afterValue { bytes.append(UInt8(ascii: ",")) }
        switch form {
        case .compact, .canonical: break
        case .spaced: if before == .afterValue { bytes.append(UInt8(ascii: " ")) }
        case .indented: if depth > 0 { startLine() }
        }
    }

    private mutating func startLine() {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { bytes.append(contentsOf: Self.indent.utf8) }
    }

    // MARK: Escapes

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(_ byte: UInt8) {
        guard Self.needsEscape(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x08 where isCompact: bytes.append(UInt8(ascii: "b"))
        case 0x0C where isCompact: bytes.append(UInt8(ascii: "f"))
        default:
            bytes.append(contentsOf: (byte < 0x10 ? "u000" : "u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
