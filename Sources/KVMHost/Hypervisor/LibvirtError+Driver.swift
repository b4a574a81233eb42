internal import HostDrivers
internal import Libvirt

extension LibvirtError {
    /// The daemon's name in messages.
    static let daemon = "libvirtd"

    /// The same in the agent's terms, for what the agent wanted.
    func driverError(
        _ operation: String, _ object: String, advice: String = ""
    ) -> DriverError {
        func fault(_ advice: String) -> DriverFault {
            DriverFault(operation: operation, object: object, found: found, advice: advice)
        }
        switch self {
        case .cannotConnect, .connectionLost, .closed:
            return .unavailable(
                daemon: Self.daemon,
                fault(
                    "Check that it runs (systemctl status libvirtd) and that the agent may open"
                        + " its socket; the agent tries again by itself"))
        case .timedOut:
            return .timedOut(fault("Look into libvirtd's log; it may still carry the call out"))
        case .cancelled: return .cancelled(fault(""))
        case .noDomain, .noNodeDevice, .deviceMissing: return .notFound(fault(advice))
        case .invalidDocument, .unsupported: return .refused(fault(advice))
        case .invalidState, .unreadable, .other: return .failed(fault(advice))
        }
    }

    /// libvirt's answer, without what the driver's own error says already.
    private var found: String {
        switch self {
        case .cannotConnect(let failure), .connectionLost(let failure), .noDomain(let failure),
            .noNodeDevice(let failure), .deviceMissing(let failure),
            .invalidState(let failure), .invalidDocument(let failure),
            .unsupported(let failure), .other(let failure):
            "libvirt says \"\(failure.message)\" (code \(failure.code))"
        case .timedOut(_, _, let limit): "libvirt did not answer within \(limit)"
        case .closed: "the connection was closed"
        case .cancelled: "the call was cancelled; it may still be carried out"
        case .unreadable(_, _, let error): "libvirt's answer can't be read: \(error)"
        }
    }
}
