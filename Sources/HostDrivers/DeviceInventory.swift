import ComputeModel

/// The devices of this host that its `device_spec` offers.
public protocol DeviceInventory: Sendable {
    /// Looks at all devices now.
    func scan() async throws(DriverError) -> DeviceScan

    /// Signals that a new scan may show something else. Signals may be merged; the stream ends
    /// only when the driver does.
    func changes() -> AsyncStream<Void>

    /// Finds the device where it is now. `notFound` when it vanished, `refused` when it is there
    /// and can't be used (no character device, not bound to `vhost_vdpa`).
    func resolve(_ device: DeviceID) async throws(DriverError) -> ResolvedDevice

    /// Gives the device another MAC; `refused` where it has a fixed one, or is in use. The caller
    /// resolves again to verify.
    func setMAC(_ device: DeviceID, _ macAddress: String) async throws(DriverError)
}

/// The answer to a scan.
public struct DeviceScan: Sendable, Equatable {
    /// PFs, VFs and vDPA devices, ordered by address.
    public var devices: [Device]
    /// Devices that were left out and why, and what else is wrong.
    public var conditions: [HostCondition]

    /// A scan; see the fields.
    public init(devices: [Device], conditions: [HostCondition] = []) {
        self.devices = devices
        self.conditions = conditions
    }
}

/// A vDPA device where it is now. Never stored: numbers and names change with every reboot.
public struct ResolvedDevice: Sendable, Equatable {
    /// Such as `/dev/vhost-vdpa-0`.
    public var characterDevice: String
    /// The switch's netdev for the VF; nil when none could be found, which fails the plug.
    public var representor: String?
    /// MAC the device has now, lower case; nil when it can't be read.
    public var macAddress: String?
    /// Whether `setMAC` can work.
    public var macSettable: Bool

    /// A device; see the fields.
    public init(
        characterDevice: String, representor: String?, macAddress: String?, macSettable: Bool
    ) {
        self.characterDevice = characterDevice
        self.representor = representor
        self.macAddress = macAddress
        self.macSettable = macSettable
    }
}
