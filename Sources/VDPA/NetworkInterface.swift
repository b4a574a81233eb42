/// A network interface of the host: an uplink, a representor, or neither.
public struct NetworkInterface: Sendable, Equatable {
    /// The kernel's name, such as `enp6s0f0np0`.
    public let name: String
    /// In lower case; nil if it isn't an Ethernet address.
    public let macAddress: String?
    /// Which embedded switch it is a port of; nil without switchdev.
    public let switchID: String?
    /// Which port of the switch it is, such as `p0` or `pf0vf3`.
    public let portName: PortName?
    /// The PCI function behind it, if there is one.
    public let pciAddress: PCIFunction.Address?

    /// Describes an interface; the kernel's values.
    public init(
        name: String, macAddress: String?, switchID: String?, portName: PortName?,
        pciAddress: PCIFunction.Address?
    ) {
        self.name = name
        self.macAddress = macAddress
        self.switchID = switchID
        self.portName = portName
        self.pciAddress = pciAddress
    }
}

/// A `phys_port_name`, taken apart.
///
/// The kernel's forms (net/core/devlink): `p0` uplink, `pf0` physical function, `pf0vf3`
/// virtual function, `pf0sf7` scalable function, each with `cN` in front for the functions of
/// another host that a DPU sees. Older drivers write a bare `3` or `vf3` for a virtual function.
public enum PortName: Sendable, Equatable {
    /// A virtual function of this host; `pf` is nil where the driver doesn't say.
    case virtualFunction(index: Int, pf: Int?)
    /// A port of the card to the outside.
    case uplink
    /// Anything else: it represents no virtual function of this host.
    case other

    /// Reads a `phys_port_name`. Any text gives a value.
    public init(_ text: String) {
        if let index = Self.number(text[...]) {
            self = .virtualFunction(index: index, pf: nil)
            return
        }
        var rest = text[...]
        var pf: Int?
        if rest.hasPrefix("pf") {
            let digits = rest.dropFirst(2).prefix { $0.isASCII && $0.isNumber }
            guard let number = Self.number(digits) else {
                self = .other
                return
            }
            pf = number
            rest = rest.dropFirst(2 + digits.count)
        }
        if rest.hasPrefix("vf"), let index = Self.number(rest.dropFirst(2)) {
            self = .virtualFunction(index: index, pf: pf)
        } else if pf == nil, rest.hasPrefix("p"), Self.isUplink(rest.dropFirst()) {
            self = .uplink
        } else {
            self = .other
        }
    }

    /// `p0`, and `p0s1` for a port that is split.
    private static func isUplink(_ text: Substring) -> Bool {
        let parts = text.split(separator: "s", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { number($0) != nil }
    }

    /// Decimal digits only: no sign, no blanks.
    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }
}
