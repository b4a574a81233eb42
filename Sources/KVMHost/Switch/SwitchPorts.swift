// HostDrivers and VirtualSwitch both have a PluggedVIF: this file sees only the latter's.
internal import VirtualSwitch

/// A representor as Open vSwitch has it.
typealias SwitchPort = PluggedVIF

extension PluggedVIF {
    /// Whether packets can pass: the netdev exists and is up, and the switch reports no error.
    /// The link's carrier doesn't count: it comes with the guest's driver.
    var carriesPackets: Bool {
        (ofport ?? 0) > 0 && error == nil && adminIsUp != false
    }
}
