/// Text forms of Ethernet addresses.
enum MACAddress {
    static let length = 6

    /// Six bytes as `aa:bb:cc:dd:ee:ff`; nil for any other number of bytes.
    static func text(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.count == length else { return nil }
        return bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    /// Six pairs of hexadecimal digits in lower case; nil for anything else, such as the long
    /// addresses of InfiniBand, and for all zeros, which means that there is none.
    static func normalized(_ text: String) -> String? {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            part.utf8.count == 2 && part.allSatisfy(\.isHexDigit) ? UInt8(part, radix: 16) : nil
        }
        guard parts.count == length, bytes.count == length, bytes.contains(where: { $0 != 0 })
        else { return nil }
        return Self.text(bytes)
    }
}
