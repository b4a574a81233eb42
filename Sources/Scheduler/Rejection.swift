import ComputeModel
import DeviceTracking

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
    /// The request excludes it by name or by hint.
    case excluded
    /// The flavor asks for another aggregate.
    case aggregate(key: String, found: [String], wanted: String)
    /// The image asks for another machine.
    case image(property: String, found: String, wanted: String)
    /// The server group is on another host.
    case groupElsewhere
    /// The server group has enough members here.
    case groupHere(members: Int, limit: Int)
    /// Not enough vCPUs on shared CPUs.
    case vcpus(free: Int, wanted: Int)
    /// Not enough CPUs to dedicate.
    case dedicatedCPUs(free: Int, wanted: Int)
    /// Not enough memory, in MiB.
    case memory(freeMiB: Int, wantedMiB: Int)
    /// Not enough disk, in GiB.
    case disk(freeGiB: Int, wantedGiB: Int)
    /// The guest's NUMA nodes don't fit.
    case numa(category: String, detail: String)
    /// Its drivers can't give a guest NICs of these kinds.
    case vnicTypes([String])
    /// Its drivers can't give a guest the PCI devices of an alias.
    case passthrough(alias: String)
    /// Kernel, libvirt or QEMU are too old for vDPA, or something else keeps vDPA guests away.
    case vdpaBlocked(String)
    /// No free device for a request.
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
        case .excluded: "excluded by the request"
        case .aggregate(let key, _, let wanted): "no aggregate with \(key) '\(wanted)'"
        case .image(let property, _, let wanted): "not the image's \(property) \(wanted)"
        case .groupElsewhere: "the server group is on another host"
        case .groupHere: "the server group has enough members there"
        case .vcpus: "not enough vCPUs"
        case .dedicatedCPUs: "not enough dedicated CPUs"
        case .memory: "not enough memory"
        case .disk: "not enough disk"
        case .numa(let category, _): category
        case .vnicTypes(let types): "no driver for ports of type \(types.joined(separator: ", "))"
        case .passthrough(let alias): "no driver for devices by alias '\(alias)'"
        case .vdpaBlocked: "host software does not support vDPA"
        case .device(let shortage): shortage.category
        case .lostRace: "claimed by other requests meanwhile"
        }
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
        case .excluded: "the request excludes it, by a hint or because the server leaves it"
        case .aggregate(let key, let found, let wanted):
            "its aggregates have "
                + (found.isEmpty ? "no '\(key)'" : "\(key) \(found.joined(separator: ", "))")
                + ", the flavor wants '\(wanted)'"
        case .image(let property, let found, let wanted):
            "its \(property) is \(found), the image wants \(wanted)"
        case .groupElsewhere: "no member of the server group is on it, and the policy is affinity"
        case .groupHere(let members, let limit):
            "it has \(members) of the server group's members, \(limit) allowed by anti-affinity"
        case .vcpus(let free, let wanted): "\(free) vCPUs are free, \(wanted) wanted"
        case .dedicatedCPUs(let free, let wanted):
            "\(free) dedicated CPUs are free, \(wanted) wanted"
        case .memory(let free, let wanted): "\(free) MiB of memory are free, \(wanted) wanted"
        case .disk(let free, let wanted): "\(free) GiB of disk are free, \(wanted) wanted"
        case .numa(_, let detail): detail
        case .vnicTypes(let types):
            "its drivers can't give a guest ports of type \(types.joined(separator: ", "))"
        case .passthrough(let alias):
            "its drivers can't give a guest the PCI devices of alias '\(alias)'"
        case .vdpaBlocked(let why): why
        case .device(let shortage): shortage.description
        case .lostRace: "other requests claimed it first"
        }
    }
}

/// A host and everything that spoke against it.
public struct HostRejection: Error, Sendable, Equatable, Codable {
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
