/// An IPv4 or IPv6 address as a number, so that ranges can be counted and compared.
public struct IPAddress: Hashable, Sendable {
    /// The two kinds of address; the raw value is the `ip_version` of the API.
    public enum Version: Int, Sendable {
        case v4 = 4
        case v6 = 6

        /// Bits of an address: 32 or 128.
        public var bits: Int { self == .v4 ? 32 : 128 }
    }

    /// Which kind it is.
    public let version: Version
    /// The address in host order; IPv4 uses the low 32 bits.
    public let number: UInt128

    /// The address with this number; IPv4 keeps the low 32 bits only.
    public init(_ version: Version, _ number: UInt128) {
        self.version = version
        self.number = version == .v4 ? number & 0xffff_ffff : number
    }

    /// Parses dotted decimal (no leading zeros, so that nobody reads them as octal) or the forms
    /// of RFC 4291 section 2.2; nil for anything else, prefixes and zones included.
    public init?(_ text: String) {
        if let number = Self.parseV4(text.utf8[...]) {
            self.init(.v4, UInt128(number))
        } else if let number = Self.parseV6(text) {
            self.init(.v6, number)
        } else {
            return nil
        }
    }

    private static func parseV4(_ text: Substring.UTF8View) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            let octet = part.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard octet <= 255 else { return nil }
            number = number << 8 | octet
        }
        return number
    }

    private static func parseV6(_ text: String) -> UInt128? {
        let bytes = text.utf8[...]
        guard bytes.count <= 45, bytes.contains(UInt8(ascii: ":")) else { return nil }
        guard let gap = text.range(of: "::") else {
            guard let groups = groups(bytes, isEnd: true), groups.count == 8 else { return nil }
            return number(groups)
        }
        guard let head = groups(text[..<gap.lowerBound].utf8, isEnd: false),
            let tail = groups(text[gap.upperBound...].utf8, isEnd: true),
            head.count + tail.count < 8
        else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - head.count - tail.count)
        return number(head + zeros + tail)
    }

    /// The 16-bit groups of one side of `::`. A dotted IPv4 address may be the last of the end.
    private static func groups(_ text: Substring.UTF8View, isEnd: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: ".")) {
                guard isEnd, index == parts.count - 1, let low = parseV4(part) else { return nil }
                groups += [UInt16(low >> 16), UInt16(low & 0xffff)]
                continue
            }
            let isHex = part.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            guard (1...4).contains(part.count), isHex,
                let group = UInt16(String(Substring(part)), radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func number(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.version.rawValue, left.number) < (right.version.rawValue, right.number)
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical form of RFC 5952.
    public var description: String {
        switch version {
        case .v4: [24, 16, 8, 0].map { String(number >> $0 & 0xff) }.joined(separator: ".")
        case .v6: canonicalV6
        }
    }

    private var canonicalV6: String {
        let groups = (0..<8).map { UInt16(number >> UInt128(112 - 16 * $0) & 0xffff) }
        let text = groups.map { String($0, radix: 16) }
        guard let gap = Self.longestZeros(groups) else { return text.joined(separator: ":") }
        return text[..<gap.lowerBound].joined(separator: ":") + "::"
            + text[gap.upperBound...].joined(separator: ":")
    }

    /// The first of the longest runs of two or more zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best = 0..<0
        var start = 0
        for index in 0...groups.count {
            if index < groups.count, groups[index] == 0 { continue }
            if index - start > best.count { best = start..<index }
            start = index + 1
        }
        return best.count >= 2 ? best : nil
    }
}
