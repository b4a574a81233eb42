import OVSDB

/// Everything that can go wrong between the agent and a host's Open vSwitch.
public enum VirtualSwitchError: Error, Hashable, Sendable {
    /// A name the kernel can't have given to an interface.
    case invalidInterfaceName(String)
    /// The database couldn't be reached or failed in the attempt.
    case databaseFailed(attempt: String, OVSDBError)
    /// The database answered with a row that the schema of Open vSwitch doesn't allow.
    case malformedRow(table: String, detail: String)
    /// The operator hasn't made the bridge.
    case bridgeMissing(bridge: String)
    /// The representor is in use on another bridge.
    case interfaceOnOtherBridge(interface: String, bridge: String, wanted: String)
    /// Another representor of this host has the network port already.
    case portPluggedElsewhere(portID: String, interface: String)
    /// The interface belongs to a port of another name, as in a bond.
    case interfaceSharesPort(interface: String, port: String)
    /// The interface wasn't plugged by this system, which therefore doesn't unplug it.
    case foreignInterface(interface: String, bridge: String)
    /// Others changed the same rows during each of the attempts.
    case concurrentChanges(attempt: String, attempts: Int)
    /// The configuration is committed, but `ovs-vswitchd` hasn't applied it.
    case notApplied(attempt: String, timeout: Duration)
    /// `ovs-vswitchd` couldn't add the interface to the datapath.
    case interfaceFailed(interface: String, bridge: String, reason: String)
    /// The interface was gone again when it was read after the plug.
    case interfaceVanished(interface: String, bridge: String)
    /// No interface of this system has the network port.
    case portNotPlugged(portID: String)
    /// A packet could not be handed to a bridge through its OpenFlow socket.
    case openFlowFailed(socket: String, reason: String)
    /// The kernel refused to read or set the link's state; `errno` is its reason.
    case linkFailed(attempt: String, interface: String, errno: Int32)
    /// The switch's client was closed.
    case closed
}

extension VirtualSwitchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidInterfaceName(let name):
            "'\(name)' is no interface name: 1 to \(InterfaceName.maximumBytes) bytes "
                + "without '/' and white space"
        case .databaseFailed(let attempt, let error):
            "can't \(attempt): \(error)"
        case .malformedRow(let table, let detail):
            "Open vSwitch's table \(table) holds an unexpected row: \(detail)"
        case .bridgeMissing(let bridge):
            "Open vSwitch has no bridge '\(bridge)': make it (ovs-vsctl add-br \(bridge)), or "
                + "configure the name of the integration bridge"
        case .interfaceOnOtherBridge(let interface, let bridge, let wanted):
            "can't plug \(interface) into \(wanted): it is on bridge \(bridge); remove it there"
        case .portPluggedElsewhere(let portID, let interface):
            "can't plug port \(portID): \(interface) of this host has it; unplug that first"
        case .interfaceSharesPort(let interface, let port):
            "can't change \(interface): it is part of switch port '\(port)'; "
                + "a representor must be a port of its own"
        case .foreignInterface(let interface, let bridge):
            "won't unplug \(interface) from \(bridge): it was plugged by something else"
        case .concurrentChanges(let attempt, let attempts):
            "can't \(attempt): other clients changed the same rows in \(attempts) attempts; "
                + "try again"
        case .notApplied(let attempt, let timeout):
            "committed, but ovs-vswitchd didn't \(attempt) within \(timeout): is it running?"
        case .interfaceFailed(let interface, let bridge, let reason):
            "Open vSwitch couldn't add \(interface) to \(bridge): \(reason)"
        case .interfaceVanished(let interface, let bridge):
            "\(interface) was removed from \(bridge) right after it was plugged"
        case .portNotPlugged(let portID):
            "port \(portID) is not plugged, or Open vSwitch has no port number for it"
        case .openFlowFailed(let socket, let reason):
            "can't hand a packet to the bridge at \(socket): \(reason)"
        case .linkFailed(let attempt, let interface, let errno):
            "can't \(attempt) \(interface): errno \(errno)"
        case .closed:
            "the client of Open vSwitch is closed"
        }
    }
}
