/// A representor as the switch has it.
public struct PluggedVIF: Hashable, Sendable {
    /// The representor's interface name.
    public let representor: String
    /// The bridge that it is a port of.
    public let bridge: String
    /// Everything under `external_ids`, ours and others'.
    public let externalIDs: [String: String]
    /// The VLAN of an access port; `nil` for a port without one.
    public let vlanTag: Int?
    /// The MTU asked for, in bytes; `nil` when the switch decides.
    public let requestedMTU: Int?
    /// The OpenFlow port number; `nil` before the switch has looked at the interface, -1 when it
    /// couldn't add it.
    public let ofport: Int?
    /// Whether the link has a carrier; `nil` when unknown.
    public let linkIsUp: Bool?
    /// Whether the link is set up; `nil` when unknown.
    public let adminIsUp: Bool?
    /// Why the switch couldn't use the interface; `nil` when it could.
    public let error: String?
    /// Counters by Open vSwitch's names (`rx_packets`, `tx_bytes`); empty until it wrote some.
    public let statistics: [String: Int64]

    /// Whose the port is; `nil` when the external ids don't say it fully.
    public var identity: VIFIdentity? { VIFIdentity(externalIDs: externalIDs) }

    /// Whether this system plugged it: only then may it be unplugged as an orphan.
    public var isMarked: Bool { externalIDs[ExternalID.marker] == ExternalID.marked }

    init(interface: InterfaceRow, port: PortRow, bridge: BridgeRow) {
        representor = interface.name
        self.bridge = bridge.name
        externalIDs = interface.externalIDs
        vlanTag = port.vlanTag
        requestedMTU = interface.requestedMTU
        ofport = interface.ofport
        linkIsUp = interface.linkIsUp
        adminIsUp = interface.adminIsUp
        error = interface.error
        statistics = interface.statistics
    }
}

/// What a plug did.
public struct PlugOutcome: Hashable, Sendable {
    /// How the switch's configuration changed.
    public enum Change: Hashable, Sendable {
        case created
        case updated
        /// It was as asked for already; nothing was written.
        case unchanged
    }

    /// What plugging had to do.
    public let change: Change
    /// The interface as read after the plug.
    public let vif: PluggedVIF
}

/// Whether a change waits for the switch daemon, which applies the database to the datapath.
public enum ApplyWait: Hashable, Sendable {
    /// Return with the commit; the interface's `ofport` and `error` may not be known yet.
    case none
    /// Return when `ovs-vswitchd` has applied the change, or fail after this time.
    case upTo(Duration)
}
