import ComputeModel

/// Which devices of a host are offered, and with which tags: the operator's `device_spec`.
/// Entries are tried in order, the first that matches a device decides.
///
/// This is the part of Nova's language that hosts need first: vendor and product ids and exact
/// addresses. A PF's address covers the PF and all its children, as in Nova
/// (spec/device-tracking section 1.4).
public struct DeviceSpec: Sendable, Equatable {
    /// Tried in order.
    public var entries: [DeviceSpecEntry]
    /// Software vDPA devices (`vdpa_sim`, VDUSE) the operator wants offered, by device name.
    public var softwareDevices: Set<String>

    /// A specification; see the fields.
    public init(entries: [DeviceSpecEntry], softwareDevices: Set<String> = []) {
        self.entries = entries
        self.softwareDevices = softwareDevices
    }

    /// The entry that decides about `device`; nil means that it is not offered.
    public func match(_ device: Device) -> DeviceSpecEntry? {
        entries.first { $0.matches(device) }
    }

    /// `devices` that are offered, tagged by their entries.
    public func offered(_ devices: [Device]) -> [Device] {
        devices.compactMap { device in
            guard let entry = match(device) else { return nil }
            var tagged = device
            tagged.physicalNetwork = entry.physicalNetwork
            return tagged
        }
    }
}

/// One entry of a `device_spec`.
public struct DeviceSpecEntry: Sendable, Equatable {
    /// Four lower-case hex digits; nil matches any.
    public var vendorID: String?
    /// Four lower-case hex digits; nil matches any.
    public var productID: String?
    /// The device's own address, or its PF's; nil matches any.
    public var address: PCIAddress?
    /// Tag: the physical network that the device is wired to; nil for tunnelled networks.
    public var physicalNetwork: String?

    /// An entry that matches everything, to be narrowed by its fields.
    public init() {}

    /// Whether vendor, product and address fit.
    public func matches(_ device: Device) -> Bool {
        if let vendorID, vendorID != device.vendorID { return false }
        if let productID, productID != device.productID { return false }
        if let address, address != device.address, address != device.parentAddress {
            return false
        }
        return true
    }
}

/// What is wrong with a `device_spec`; names the entry, counted from 0.
public enum DeviceSpecError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A key that the language doesn't have.
    case unknownKey(entry: Int, key: String, nearest: String?)
    /// A value that can't be what it should be.
    case badValue(entry: Int, key: String, found: String, expected: String)

    /// One sentence for the operator.
    public var description: String {
        switch self {
        case .unknownKey(let entry, let key, let nearest):
            "device_spec entry \(entry): unknown key '\(key)'."
                + (nearest.map { " Did you mean '\($0)'?" } ?? "")
                + " Known keys: \(DeviceSpecEntry.keys.joined(separator: ", "))."
        case .badValue(let entry, let key, let found, let expected):
            "device_spec entry \(entry): '\(key)' is '\(found)', expected \(expected)."
        }
    }
}

extension DeviceSpecEntry {
    /// The keys of the language.
    public static let keys = ["address", "physical_network", "product_id", "vendor_id"]

    /// Reads one entry from its keys. A `null` value comes as nil.
    public init(
        parsing members: [(key: String, value: String?)], entry: Int
    ) throws(DeviceSpecError) {
        self.init()
        for (key, value) in members {
            switch key {
            case "vendor_id": vendorID = try Self.hexID(value, key, entry)
            case "product_id": productID = try Self.hexID(value, key, entry)
            case "address": address = try Self.address(value, entry)
            case "physical_network":
                if let value, value.isEmpty || value.count > 64 {
                    throw .badValue(
                        entry: entry, key: key, found: value, expected: "1 to 64 characters")
                }
                physicalNetwork = value
            default:
                throw .unknownKey(entry: entry, key: key, nearest: Self.nearest(key))
            }
        }
    }

    private static func hexID(
        _ value: String?, _ key: String, _ entry: Int
    ) throws(DeviceSpecError) -> String? {
        guard let value, value != "*" else { return nil }
        var digits = value.lowercased()
        if digits.hasPrefix("0x") { digits.removeFirst(2) }
        let isHex = digits.allSatisfy { $0.isHexDigit && $0.isASCII }
        guard (1...4).contains(digits.count), isHex else {
            throw .badValue(
                entry: entry, key: key, found: value, expected: "up to four hex digits or '*'")
        }
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func address(
        _ value: String?, _ entry: Int
    ) throws(DeviceSpecError) -> PCIAddress? {
        guard let value, value != "*" else { return nil }
        guard let address = PCIAddress(value) else {
            throw .badValue(
                entry: entry, key: "address", found: value,
                expected: "a full PCI address such as 0000:06:00.3")
        }
        return address
    }

    /// The known key that shares most of its start with `key`.
    private static func nearest(_ key: String) -> String? {
        let shared = { (candidate: String) in
            zip(candidate, key).prefix { $0.0 == $0.1 }.count
                + zip(candidate.reversed(), key.reversed()).prefix { $0.0 == $0.1 }.count
        }
        guard let best = keys.max(by: { shared($0) < shared($1) }), shared(best) >= 3 else {
            return nil
        }
        return best
    }
}
