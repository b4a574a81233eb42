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
    /// The guest runs with other NICs than assigned.
    case interfacesDiffer
    /// The guest ran before, and its disk is gone: making a new one would hide the loss.
    case diskMissing
    /// The agent serves vDPA ports only.
    case interfaceUnsupported(PortID, VNICType)
    /// The steps were carried out, and the host still isn't as assigned.
    case withoutEffect(GuestStep)

    /// Whether repeating may help without anybody's doing.
    public var isTransient: Bool {
        switch self {
        case .step(_, let error): error.isTransient
        case .withoutEffect: true
        case .macRefused, .representorMissing, .interfacesDiffer, .diskMissing,
            .interfaceUnsupported:
            false
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
        case .interfacesDiffer:
            "The ports of a running server cannot be changed; stop and start it."
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
        case .interfacesDiffer:
            "The guest runs with other NICs than assigned; a stop and a start apply them."
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

extension GuestStep {
    /// What the tenant is told when the step fails for good.
    var failure: String {
        switch self {
        case .prepareRoot: "The server's disk could not be made from its image."
        case .writeConfigDrive: "The server's config drive could not be written."
        case .ensureMAC(let port), .plug(let port):
            "Port \(port) could not be connected to the network."
        case .define: "The server could not be defined on its host."
        case .start: "The server could not be started on its host."
        case .shutdown, .destroy: "The server could not be stopped."
        case .unplug, .undefine, .removeStorage, .forget:
            "The server could not be removed from its host."
        case .giveUp(let problem): problem.failure
        }
    }

    /// What is being done, for operators.
    var progress: String {
        switch self {
        case .prepareRoot: "preparing the root disk"
        case .writeConfigDrive: "writing the config drive"
        case .ensureMAC(let port): "checking the MAC of port \(port)"
        case .plug(let port): "plugging port \(port)"
        case .define: "defining the guest"
        case .start: "starting the guest"
        case .shutdown: "shutting the guest down"
        case .destroy: "destroying the guest"
        case .unplug(let port): "unplugging port \(port)"
        case .undefine: "undefining the guest"
        case .removeStorage: "removing the guest's disks"
        case .forget: "forgetting the guest"
        case .giveUp: "giving up"
        }
    }
}
