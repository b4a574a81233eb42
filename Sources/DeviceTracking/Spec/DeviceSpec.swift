import ComputeModel

/// Which devices of a host are offered, and with which tags: the operator's `device_spec`.
/// Entries are tried in order, the first that matches a device decides, and only its tags count.
///
/// The language is Nova's, read strictly: docs/operator/devices.md has it, with all differences.
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

    /// The entry that decides about `device`; nil means that it is not offered. A `devname` is
    /// known here only by the device's own netdev: see ``match(_:interfaces:)``.
    public func match(_ device: Device) -> DeviceSpecEntry? {
        match(device, interfaces: [:])
    }

    /// The entry that decides about `device`, on a host whose netdevs are at `interfaces`.
    public func match(_ device: Device, interfaces: [String: PCIAddress]) -> DeviceSpecEntry? {
        matchIndex(device, interfaces: interfaces).map { entries[$0] }
    }

    /// The number of the entry that decides, from 0.
    public func matchIndex(_ device: Device, interfaces: [String: PCIAddress]) -> Int? {
        entries.firstIndex { $0.matches(device, interfaces: interfaces) }
    }

    /// Those of `devices`, all of one host, that are offered, tagged by their entries.
    public func offered(_ devices: [Device]) -> [Device] {
        offered(devices, interfaces: Self.interfaces(of: devices))
    }

    /// Those of `devices` that are offered, on a host whose netdevs are at `interfaces`.
    public func offered(_ devices: [Device], interfaces: [String: PCIAddress]) -> [Device] {
        devices.compactMap { device in
            match(device, interfaces: interfaces)?.tagging(device)
        }
    }

    /// Where the netdevs of `devices` are, as far as these know them themselves.
    public static func interfaces(of devices: [Device]) -> [String: PCIAddress] {
        let named = devices.compactMap { device in
            device.interfaceName.map { ($0, device.address) }
        }
        return Dictionary(named) { first, _ in first }
    }
}
