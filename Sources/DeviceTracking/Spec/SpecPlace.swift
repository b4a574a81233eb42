import ComputeModel

/// Where the devices of an entry are.
public enum SpecPlace: Sendable, Equatable {
    /// Anywhere.
    case anywhere
    /// At an address given field by field.
    case glob(SpecGlob)
    /// Where regular expressions fit the address.
    case expressions(SpecExpressions)
    /// Where the host has a netdev of this name: asked each time, as names move.
    case interface(String)

    /// The one address that is meant, if all four fields are fixed. If a PF is there, its
    /// children are meant, too.
    public var exactAddress: PCIAddress? {
        switch self {
        case .anywhere, .interface: nil
        case .glob(let glob): glob.exactAddress
        case .expressions(let expressions): expressions.exactAddress
        }
    }

    /// Whether `device` is there, or is a child of a PF that is meant.
    func fits(_ device: Device, interfaces: [String: PCIAddress]) -> Bool {
        switch self {
        case .anywhere: return true
        case .interface(let name):
            if let address = interfaces[name] { return Self.covers(address, device) }
            return device.interfaceName == name
        case .glob(let glob):
            if let exact = glob.exactAddress { return Self.covers(exact, device) }
            return glob.fits(device.address)
        case .expressions(let expressions):
            if let exact = expressions.exactAddress { return Self.covers(exact, device) }
            return expressions.fits(device.address)
        }
    }

    /// Only a PF is anybody's parent, so that an address of a VF covers the VF alone.
    private static func covers(_ address: PCIAddress, _ device: Device) -> Bool {
        device.address == address || device.parentAddress == address
    }
}

/// A PCI address of which some fields are left open.
public struct SpecGlob: Sendable, Equatable {
    /// 0 to FFFF; nil is any.
    public var domain: UInt16?
    /// 0 to FF; nil is any.
    public var bus: UInt8?
    /// 0 to 1F; nil is any.
    public var slot: UInt8?
    /// 0 to 7; nil is any.
    public var function: UInt8?

    /// Every address, to be narrowed field by field.
    public init() {}

    /// Exactly `address`.
    public init(_ address: PCIAddress) {
        domain = address.domain
        bus = address.bus
        slot = address.slot
        function = address.function
    }

    /// The address, if no field is open.
    public var exactAddress: PCIAddress? {
        guard let domain, let bus, let slot, let function else { return nil }
        return PCIAddress(domain: domain, bus: bus, slot: slot, function: function)
    }

    /// Whether the fixed fields are those of `address`.
    public func fits(_ address: PCIAddress) -> Bool {
        (domain ?? address.domain) == address.domain && (bus ?? address.bus) == address.bus
            && (slot ?? address.slot) == address.slot
            && (function ?? address.function) == address.function
    }
}

/// Regular expressions for the fields of a PCI address; each has to fit the whole field, as four,
/// two, two and one lower-case hex digits. Nil fits any.
public struct SpecExpressions: Sendable, Equatable {
    /// For `0000`.
    public var domain: SpecRegex?
    /// For `06`.
    public var bus: SpecRegex?
    /// For `00`.
    public var slot: SpecRegex?
    /// For `3`.
    public var function: SpecRegex?

    /// Every address, to be narrowed field by field.
    public init() {}

    /// The address, if each expression is nothing but the digits of a field.
    public var exactAddress: PCIAddress? {
        guard let domain, let bus, let slot, let function else { return nil }
        return PCIAddress(
            "\(domain.pattern):\(bus.pattern):\(slot.pattern).\(function.pattern)")
    }

    /// Whether all expressions fit.
    public func fits(_ address: PCIAddress) -> Bool {
        func fits(_ expression: SpecRegex?, _ value: some BinaryInteger, _ width: Int) -> Bool {
            expression?.matches(SpecHex.padded(Int(value), width: width)) ?? true
        }
        return fits(domain, address.domain, 4) && fits(bus, address.bus, 2)
            && fits(slot, address.slot, 2) && fits(function, address.function, 1)
    }
}
