import ComputeModel

/// Why a host was not chosen. `category` is for tenants, `description` for operators.
public enum Rejection: Sendable, Equatable, Codable {
    /// Its agent was not heard of in time.
    case down
    /// An operator declared it dead.
    case forcedDown
    /// An operator closed it for new guests.
    case disabled(reason: String?)
    /// It has not reported what it is made of yet.
    case neverReported
    /// It is in another zone.
    case zone(found: String, wanted: String)
    /// Another host was asked for.
    case otherHostWanted(String)
    /// Not enough CPU threads.
    case vcpus(free: Int, wanted: Int)
    /// Not enough memory, in MiB.
    case memory(freeMiB: Int, wantedMiB: Int)
    /// Not enough disk, in GiB.
    case disk(freeGiB: Int, wantedGiB: Int)
    /// Kernel, libvirt or QEMU are too old for vDPA, or something else keeps vDPA guests away.
    case vdpaBlocked(String)
    /// No free device for a port.
    case device(DeviceShortage)
    /// Another request was faster; only seen when claims conflict again and again.
    case lostRace

    /// What tenants may know: names no host and no device.
    public var category: String {
        switch self {
        case .down, .forcedDown, .neverReported: "compute host is down"
        case .disabled: "compute host is disabled"
        case .zone(_, let wanted): "not in availability zone \(wanted)"
        case .otherHostWanted: "not the requested host"
        case .vcpus: "not enough vCPUs"
        case .memory: "not enough memory"
        case .disk: "not enough disk"
        case .vdpaBlocked: "host software does not support vDPA"
        case .device(let shortage): shortage.category
        case .lostRace: "claimed by other requests meanwhile"
        }
    }
}

/// A port that no device of a host can serve, with the counts that say why.
public struct DeviceShortage: Sendable, Equatable, Codable {
    /// The port.
    public var portID: PortID
    /// Kind of device it needs.
    public var kind: DeviceKind
    /// Where it must be wired to; nil for tunnelled networks.
    public var physicalNetwork: String?
    /// Devices of the kind on the host.
    public var ofKind: Int
    /// Of those, wired to the right network.
    public var onNetwork: Int
    /// Of those, free.
    public var free: Int
    /// The MAC that a user wants and no free device can have; nil when MACs are not the reason.
    public var wantedMAC: String?

    /// What tenants may know.
    public var category: String {
        let place = physicalNetwork.map { "on \($0)" } ?? "for tunnelled networks"
        if let wantedMAC, free > 0 {
            return "no free \(kind.rawValue) device \(place) that can have MAC \(wantedMAC)"
        }
        return "no free \(kind.rawValue) device \(place)"
    }
}

extension Rejection: CustomStringConvertible {
    /// One sentence for operators.
    public var description: String {
        switch self {
        case .down: "its agent was not heard of in time"
        case .forcedDown: "it was forced down by an operator"
        case .disabled(let reason): "it is disabled" + (reason.map { ": \($0)" } ?? "")
        case .neverReported: "it has not reported its hardware yet"
        case .zone(let found, let wanted): "it is in zone \(found), not in \(wanted)"
        case .otherHostWanted(let name): "host \(name) was asked for"
        case .vcpus(let free, let wanted): "\(free) vCPUs are free, \(wanted) wanted"
        case .memory(let free, let wanted): "\(free) MiB of memory are free, \(wanted) wanted"
        case .disk(let free, let wanted): "\(free) GiB of disk are free, \(wanted) wanted"
        case .vdpaBlocked(let why): why
        case .device(let shortage):
            "\(shortage.category) for port \(shortage.portID): \(shortage.ofKind) of that kind,"
                + " \(shortage.onNetwork) wired there, \(shortage.free) free"
        case .lostRace: "other requests claimed it first"
        }
    }
}

/// A host and everything that spoke against it.
public struct HostRejection: Sendable, Equatable, Codable {
    /// The host.
    public var hostID: HostID
    /// Its name.
    public var hostName: String
    /// All failed checks, in their order.
    public var reasons: [Rejection]

    /// A host with its reasons.
    public init(hostID: HostID, hostName: String, reasons: [Rejection]) {
        self.hostID = hostID
        self.hostName = hostName
        self.reasons = reasons
    }
}
