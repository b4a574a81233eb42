import ComputeModel

/// The devices of this host that its `device_spec` offers.
public protocol DeviceInventory: Sendable {
    /// Looks at all devices now. A function is one device: a VF that carries a vDPA device is not
    /// listed as a VF.
    func scan() async throws(DriverError) -> DeviceScan

    /// Signals that a new scan may show something else, within a second of it. Signals are
    /// merged, and after the last change there is one; the stream ends only when the driver does.
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
    /// PFs, VFs, vDPA devices and other PCI functions that are offered, ordered by address.
    public var devices: [Device]
    /// PFs, VFs and vDPA devices that the host has and doesn't offer, ordered by address: for
    /// telling what vanished from what is only not offered any more. Never reported.
    public var notOffered: [Device]
    /// Devices that were left out and why, and what else is wrong.
    public var conditions: [HostCondition]

    /// A scan; see the fields.
    public init(
        devices: [Device], notOffered: [Device] = [], conditions: [HostCondition] = []
    ) {
        self.devices = devices
        self.notOffered = notOffered
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
