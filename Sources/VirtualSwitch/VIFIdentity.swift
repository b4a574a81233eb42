/// Whose a switch port is: what OVN and an operator find in its `external_ids`.
public struct VIFIdentity: Hashable, Sendable {
    /// The network service's port, which OVN binds by `iface-id`.
    public let portID: String
    /// The guest's address, as `aa:bb:cc:dd:ee:ff`.
    public let macAddress: String
    /// The server that uses the port.
    public let instanceID: String

    /// Whose port it is.
    public init(portID: String, macAddress: String, instanceID: String) {
        self.portID = portID
        self.macAddress = macAddress
        self.instanceID = instanceID
    }

    init?(externalIDs: [String: String]) {
        guard let portID = externalIDs[ExternalID.portID],
            let macAddress = externalIDs[ExternalID.macAddress],
            let instanceID = externalIDs[ExternalID.instanceID]
        else { return nil }
        self.init(portID: portID, macAddress: macAddress, instanceID: instanceID)
    }

    /// The `external_ids` of an interface plugged for this identity.
    var externalIDs: [String: String] {
        [
            ExternalID.portID: portID,
            ExternalID.macAddress: macAddress,
            ExternalID.instanceID: instanceID,
            ExternalID.status: ExternalID.active,
            ExternalID.marker: ExternalID.marked,
        ]
    }
}

/// The keys in an interface's `external_ids` (ovs-vswitchd.conf.db(5), Open vSwitch's
/// integration guide), and the one that marks our interfaces.
enum ExternalID {
    static let portID = "iface-id"
    static let macAddress = "attached-mac"
    static let instanceID = "vm-uuid"
    static let status = "iface-status"
    static let active = "active"
    static let marker = "millrace"
    static let marked = "true"
}
