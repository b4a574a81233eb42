/// Netmasks in the notation of `network_data.json`.
enum Netmask {
    /// Dotted for IPv4, RFC 5952 for IPv6; nil if the length is out of range.
    static func text(prefixLength: Int, version: Int) -> String? {
        version == 4 ? ipv4(prefixLength) : ipv6(prefixLength)
    }

    private static func ipv4(_ length: Int) -> String? {
        guard (0...32).contains(length) else { return nil }
        return groups(length, bits: 8, count: 4).map { String($0) }.joined(separator: ".")
    }

    /// Zeros only stand at a mask's end, so they are all the `::` there is; a single zero group
    /// stays (RFC 5952, 4.2.2).
    private static func ipv6(_ length: Int) -> String? {
        guard (0...128).contains(length) else { return nil }
        let groups = groups(length, bits: 16, count: 8)
        let zeros = groups.filter { $0 == 0 }.count
        guard zeros > 1 else {
            return groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        let shown = groups.dropLast(zeros).map { String($0, radix: 16) }
        return shown.joined(separator: ":") + "::"
    }

    private static func groups(_ length: Int, bits: Int, count: Int) -> [Int] {
        (0..<count).map { index in
            let ones = min(max(length - index * bits, 0), bits)
            return ((1 << ones) - 1) << (bits - ones)
        }
    }
}
