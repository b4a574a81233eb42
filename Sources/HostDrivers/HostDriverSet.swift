/// The four drivers of one host, handed to its agent together.
public struct HostDriverSet: Sendable {
    /// Runs guests.
    public var hypervisor: any Hypervisor
    /// Knows devices.
    public var devices: any DeviceInventory
    /// Wires ports.
    public var virtualSwitch: any VirtualSwitch
    /// Keeps disks.
    public var storage: any GuestStorage

    /// A set; see the fields.
    public init(
        hypervisor: any Hypervisor, devices: any DeviceInventory,
        virtualSwitch: any VirtualSwitch, storage: any GuestStorage
    ) {
        self.hypervisor = hypervisor
        self.devices = devices
        self.virtualSwitch = virtualSwitch
        self.storage = storage
    }
}
