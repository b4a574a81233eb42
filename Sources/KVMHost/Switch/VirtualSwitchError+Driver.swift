internal import Glibc
internal import HostDrivers
internal import OVSDB
internal import VirtualSwitch

extension VirtualSwitchError {
    /// The same in the agent's terms.
    func driverError(_ operation: String, _ object: String) -> DriverError {
        func fault(_ advice: String = "") -> DriverFault {
            DriverFault(operation: operation, object: object, found: "\(self)", advice: advice)
        }
        switch self {
        case .databaseFailed(_, let error):
            return error.driverError(fault)
        case .closed: return .unavailable(daemon: "ovsdb-server", fault())
        case .notApplied:
            return .unavailable(
                daemon: "ovs-vswitchd", fault("Look at 'systemctl status ovs-vswitchd'"))
        case .invalidInterfaceName, .bridgeMissing, .interfaceOnOtherBridge,
            .interfaceSharesPort, .foreignInterface:
            return .refused(fault())
        case .linkFailed(_, _, ENODEV):
            return .notFound(
                fault("The representor is gone: compare 'ip link' with the configuration"))
        case .portNotPlugged: return .notFound(fault("Plug it first"))
        case .openFlowFailed:
            return .failed(fault("Look at 'ovs-ofctl show' of the bridge, and its protocols"))
        case .linkFailed(_, _, EPERM):
            return .refused(fault("The agent needs CAP_NET_ADMIN"))
        case .malformedRow, .portPluggedElsewhere, .concurrentChanges, .interfaceFailed,
            .interfaceVanished, .linkFailed:
            return .failed(fault())
        }
    }
}

extension OVSDBError {
    fileprivate func driverError(_ fault: (String) -> DriverFault) -> DriverError {
        switch self {
        case .connectFailed, .connectionLost, .connectionClosed:
            .unavailable(
                daemon: "ovsdb-server",
                fault("Look at 'systemctl status ovsdb-server'; the agent tries again by itself"))
        case .callTimedOut: .timedOut(fault("Look into ovsdb-server's log"))
        case .callCancelled: .cancelled(fault(""))
        case .invalidAddress: .refused(fault("Correct the OVSDB address in the configuration"))
        case .messageTooLarge, .malformedMessage, .callRejected, .operationFailed,
            .monitorOverrun:
            .failed(fault(""))
        }
    }
}
