import ComputeModel
import HostDrivers

/// Why an assignment could not be made true.
public enum GuestProblem: Error, Sendable, Equatable {
    /// A driver said no.
    case step(GuestStep, DriverError)
    /// The device has another MAC than its port and can't be given the port's.
    case macRefused(PortID, wanted: String, found: String?)
    /// No representor is known for the device, so the port can't be wired.
    case representorMissing(PortID, DeviceID)
    /// The guest was asked to give a NIC up, so many times, and did not.
    case detachUnanswered(PortID, attempts: Int)
    /// The guest's CPUs stand still, so it can't give a NIC up.
    case detachWhilePaused(PortID)
    /// The guest is to be sent away, and has no power.
    case guestNotRunning
    /// The guest is to be sent away, and is not on this host.
    case guestMissing
    /// The guest ran before, and its disk is gone: making a new one would hide the loss.
    case diskMissing
    /// The agent serves vDPA ports only.
    case interfaceUnsupported(PortID, VNICType)
    /// The steps were carried out, and the host still isn't as assigned.
    case withoutEffect(GuestStep)

    /// Whether repeating may help without anybody's doing.
    public var isTransient: Bool {
        switch self {
        // A guest that lost its power meanwhile is copied in another way.
        case .step(.copyRoot, .notFound): true
        case .step(_, let error): error.isTransient
        case .withoutEffect: true
        case .macRefused, .representorMissing, .detachUnanswered, .detachWhilePaused,
            .guestNotRunning, .guestMissing, .diskMissing, .interfaceUnsupported:
            false
        }
    }

    /// The step that failed; nil when none was tried.
    var step: GuestStep? {
        switch self {
        case .step(let step, _), .withoutEffect(let step): step
        default: nil
        }
    }

    /// Whether only the control plane was missing. That is nobody's failure to be counted: a
    /// control plane that is away for an hour must not cost those who wait for their image.
    var isControlPlaneAway: Bool {
        if case .step(_, .unavailable(ImageFetcher.daemon, _)) = self { true } else { false }
    }

    /// One sentence for the tenant: no host, no path, no cause from below.
    public var failure: String {
        switch self {
        case .step(let step, _), .withoutEffect(let step): step.failure
        case .macRefused(let port, let wanted, _):
            "The network device claimed for port \(port) cannot take the port's MAC address"
                + " \(wanted)."
        case .representorMissing(let port, _):
            "Port \(port) could not be connected to the network."
        case .detachUnanswered(let port, _):
            "The server did not release port \(port); the port is still attached to it."
        case .detachWhilePaused(let port):
            "Port \(port) cannot be detached while the server is paused."
        case .guestNotRunning, .guestMissing: "The server is not running."
        case .diskMissing: "The server's disk could not be found."
        case .interfaceUnsupported(let port, let type):
            "Port \(port) has VNIC type \(type.rawValue), which the host does not serve."
        }
    }

    /// The whole story, for operators.
    public var detail: String {
        switch self {
        case .step(_, let error): error.description
        case .macRefused(let port, let wanted, let found):
            "The device of port \(port) has MAC \(found ?? "unreadable") and could not be given"
                + " \(wanted). Let the port adopt the device's MAC, or use another device."
        case .representorMissing(let port, let device):
            "No representor was found for device \(device) of port \(port). Name it in the"
                + " host's configuration."
        case .detachUnanswered(let port, let attempts):
            "The guest was asked \(attempts) times to give the NIC of port \(port) up and did not"
                + " answer. NIC, switch port and device are as before. Look whether its operating"
                + " system handles PCI hot-unplug."
        case .detachWhilePaused(let port):
            "The guest's CPUs stand still, so it can't give the NIC of port \(port) up. Unpause it"
                + " first."
        case .guestNotRunning: "The guest to be migrated has no power."
        case .guestMissing: "The guest to be migrated is not on this host."
        case .diskMissing:
            "The guest ran on this host before, and its root disk is gone. Restore the disk, or"
                + " rebuild or delete the instance."
        case .interfaceUnsupported(let port, let type):
            "Port \(port) has VNIC type \(type.rawValue); this agent serves vdpa only."
        case .withoutEffect(let step):
            "All steps succeeded, and the host still needs '\(step)'. Look for something that"
                + " undoes what the agent does."
        }
    }
}
