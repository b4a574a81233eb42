/// An address with a prefix length, such as `10.1.0.0/16`.
public struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The address as written; its host bits may be set.
    public let address: IPAddress
    /// Leading bits that name the network.
    public let length: Int

    /// Nil when `length` doesn't fit the address.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.version.bits).contains(length) else { return nil }
        self.address = address
        self.length = length
    }

    /// Parses `address/length`; a bare address means all its bits. Nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        switch parts.count {
        case 1: self.init(address, length: address.version.bits)
        case 2:
            let digits = parts[1]
            guard (1...3).contains(digits.count), digits.allSatisfy(\.isNumber),
                let length = Int(digits)
            else { return nil }
            self.init(address, length: length)
        default: return nil
        }
    }

    /// 4 or 6.
    public var version: IPAddress.Version { address.version }

    /// The lowest address: the name of the network.
    public var first: IPAddress { IPAddress(version, address.number & ~hostMask) }

    /// The highest address: the broadcast address of an IPv4 network.
    public var last: IPAddress { IPAddress(version, address.number | hostMask) }

    /// The same prefix with host bits cleared.
    public var network: String { "\(first)/\(length)" }

    /// Whether no host bit is set.
    public var isNetworkForm: Bool { address == first }

    /// Whether `other` is within it.
    public func contains(_ other: IPAddress) -> Bool {
        other.version == version && first <= other && other <= last
    }

    /// Whether any address is in both.
    public func overlaps(_ other: IPPrefix) -> Bool {
        contains(other.first) || other.contains(first)
    }

    /// Whether guests may have `other`: inside, and in IPv4 networks of at least four addresses
    /// neither the network's name nor its broadcast address. In IPv6 the first address is the
    /// routers' anycast address (RFC 4291 section 2.6.1).
    public func isUsable(_ other: IPAddress) -> Bool {
        contains(other) && usable.contains(other)
    }

    /// The addresses guests may have.
    public var usable: ClosedRange<IPAddress> {
        guard length < version.bits - 1 else { return first...last }
        let low = IPAddress(version, first.number + 1)
        return low...(version == .v4 ? IPAddress(version, last.number - 1) : last)
    }

    /// As written.
    public var description: String { "\(address)/\(length)" }

    private var hostMask: UInt128 {
        let hostBits = version.bits - length
        return hostBits == 128 ? .max : (UInt128(1) << UInt128(hostBits)) - 1
    }
}
