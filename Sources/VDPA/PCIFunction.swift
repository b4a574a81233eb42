/// A PCI function of the host, as sysfs shows it.
public struct PCIFunction: Sendable, Equatable {
    /// A PCI address.
    public struct Address: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// The domain, also called segment; wider than 16 bits behind some bridges (VMD).
        public let domain: UInt32
        /// The bus within the domain.
        public let bus: UInt8
        /// The slot on the bus, at most 0x1f.
        public let slot: UInt8
        /// The function of the slot, at most 7.
        public let function: UInt8

        /// Reads the kernel's notation, `0000:06:00.3`; nil for anything else.
        public init?(_ text: some StringProtocol) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, (4...8).contains(parts[0].utf8.count),
                parts[1].utf8.count == 2
            else { return nil }
            let last = parts[2].split(separator: ".", omittingEmptySubsequences: false)
            guard last.count == 2, last[0].utf8.count == 2, last[1].utf8.count == 1,
                let domain = Self.number(parts[0], UInt32.max),
                let bus = Self.number(parts[1], UInt8.max),
                let slot = Self.number(last[0], UInt8(0x1F)),
                let function = Self.number(last[1], UInt8(7))
            else { return nil }
            self.domain = domain
            self.bus = bus
            self.slot = slot
            self.function = function
        }

        private static func number<T: FixedWidthInteger>(
            _ text: some StringProtocol, _ max: T
        ) -> T? {
            // The standard library would take a sign.
            guard text.allSatisfy(\.isHexDigit), text.allSatisfy(\.isASCII) else { return nil }
            return T(text, radix: 16).flatMap { $0 <= max ? $0 : nil }
        }

        /// The kernel's notation, lower case.
        public var description: String {
            let parts = [hex(domain, 4), hex(bus, 2), hex(slot, 2)]
            return parts.joined(separator: ":") + "." + String(function, radix: 16)
        }

        /// By domain, bus, slot, function.
        public static func < (left: Address, right: Address) -> Bool {
            (left.domain, left.bus, left.slot, left.function)
                < (right.domain, right.bus, right.slot, right.function)
        }
    }

    /// Where it is.
    public let address: Address
    /// The maker's number.
    public let vendorID: UInt16
    /// The product's number.
    public let deviceID: UInt16
    /// nil: the firmware names none.
    public let numaNode: Int?
    /// The kernel driver that is bound, if any.
    public let driver: String?
    /// nil: no IOMMU is in use, so that no guest can have the device.
    public let iommuGroup: Int?
}

/// Lower-case hexadecimal with at least `width` digits.
private func hex(_ value: some FixedWidthInteger, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
