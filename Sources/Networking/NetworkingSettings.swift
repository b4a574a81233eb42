import ControlPlaneState

/// What networks, subnets, ports and security groups work with.
public typealias NetworkingContext = ControlPlaneContext<NetworkingSettings>

/// Every limit of the network. Read once from the configuration; what is no setting is in
/// ``NetworkLimits``.
public struct NetworkingSettings: Sendable, Equatable {
    /// Ports a project may have.
    public var portsPerProjectMax = 20_000
    /// Ports of vnic_type `vdpa` a project may have: devices are few.
    public var vdpaPortsPerProjectMax = 1_000
    /// Networks a project may have.
    public var networksPerProjectMax = 1_000
    /// VLAN ids given to networks that name none.
    public var vlanRange = 100...3_999
    /// Physical networks that VLAN and flat networks may name.
    public var physicalNetworks: Set<String> = ["physnet1"]

    /// The defaults.
    public init() {}
}
