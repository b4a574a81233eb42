import Foundation

/// An Ethernet address, as ports carry it.
public struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// The six bytes in the low 48 bits.
    public let number: UInt64

    /// The address with these low 48 bits.
    public init(number: UInt64) {
        self.number = number & 0xffff_ffff_ffff
    }

    /// Parses six hex pairs joined by `:` or `-`, in any case; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        guard parts.count == 6 else { return nil }
        var number: UInt64 = 0
        for part in parts {
            guard part.utf8.count == 2, part.allSatisfy(\.isHexDigit),
                let byte = UInt64(part, radix: 16)
            else { return nil }
            number = number << 8 | byte
        }
        self.number = number
    }

    /// An address under OpenStack's own prefix fa:16:3e, with three bytes of `seed`'s random part.
    public init(seed: UUID) {
        let bytes = seed.uuid
        let low = UInt64(bytes.13) << 16 | UInt64(bytes.14) << 8 | UInt64(bytes.15)
        self.init(number: 0xfa16_3e00_0000 | low)
    }

    /// Whether it names one interface: not a group address, not all zeros.
    public var isUnicast: Bool { number != 0 && number >> 40 & 1 == 0 }

    /// The address that a guest with this MAC gives itself in a /64 (RFC 4291 appendix A); nil for
    /// any other prefix.
    public func slaacAddress(in prefix: IPPrefix) -> IPAddress? {
        guard prefix.version == .v6, prefix.length == 64 else { return nil }
        let high = (number >> 24) ^ 0x02_0000
        let identifier = high << 40 | 0xff_fe00_0000 | number & 0xff_ffff
        return IPAddress(.v6, prefix.first.number | UInt128(identifier))
    }

    /// Lower case with colons.
    public var description: String {
        let digits = String(number, radix: 16)
        let padded = Array(String(repeating: "0", count: 12 - digits.count) + digits)
        return stride(from: 0, to: 12, by: 2).map { String(padded[$0...$0 + 1]) }
            .joined(separator: ":")
    }
}
