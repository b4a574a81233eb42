import ComputeModel

/// The switch that representors are plugged into (`br-int`). Every call is safe to repeat.
public protocol VirtualSwitch: Sendable {
    /// Brings the representor up and puts it on the switch for its port. A port that is there on
    /// another representor, or with other values, is moved or corrected.
    func plug(_ vif: VIFPlug) async throws(DriverError)

    /// Takes the port off the switch, whatever representor it is on (or was on before it was
    /// renamed). Nothing to do when it isn't there.
    func unplug(_ port: PortID) async throws(DriverError)

    /// Tells the network where the port's MAC is now, as if the guest had sent a packet; for guests
    /// that have just arrived. The port must be plugged.
    func announce(_ port: PortID) async throws(DriverError)

    /// All VIFs that Millrace has plugged: those with both a port and an instance.
    func list() async throws(DriverError) -> [PluggedVIF]

    /// Signals that a new list may show something else. Signals may be merged.
    func changes() -> AsyncStream<Void>
}

/// What shall be plugged.
public struct VIFPlug: Sendable, Equatable {
    /// The netdev to put on the switch.
    public var representor: String
    /// OVS `iface-id`.
    public var portID: PortID
    /// OVS `attached-mac`, lower case.
    public var macAddress: String
    /// OVS `vm-uuid`.
    public var instanceID: InstanceID
    /// Largest packet in bytes.
    public var mtuBytes: Int
    /// VLAN to tag; nil for none.
    public var vlanTag: Int?

    /// A plug; see the fields.
    public init(
        representor: String, portID: PortID, macAddress: String, instanceID: InstanceID,
        mtuBytes: Int, vlanTag: Int?
    ) {
        self.representor = representor
        self.portID = portID
        self.macAddress = macAddress
        self.instanceID = instanceID
        self.mtuBytes = mtuBytes
        self.vlanTag = vlanTag
    }
}

/// A VIF that is on the switch.
public struct PluggedVIF: Sendable, Equatable {
    /// The port.
    public var portID: PortID
    /// The instance.
    public var instanceID: InstanceID
    /// The netdev.
    public var representor: String
    /// Lower case; nil when the switch's record has none.
    public var macAddress: String?
    /// Whether the switch can carry its packets: the netdev exists and the switch reports no
    /// error for it. It becomes `GuestReport.portsUp`.
    public var isUp: Bool

    /// A VIF; see the fields.
    public init(
        portID: PortID, instanceID: InstanceID, representor: String, macAddress: String?,
        isUp: Bool
    ) {
        self.portID = portID
        self.instanceID = instanceID
        self.representor = representor
        self.macAddress = macAddress
        self.isUp = isUp
    }
}
