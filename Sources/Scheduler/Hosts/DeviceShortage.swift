import ComputeModel
import DeviceTracking

/// A request that no device of a host can serve, with the reason of each device.
public struct DeviceShortage: Sendable, Equatable, Codable {
    /// Names the request among those of its instance.
    public var requestID: String
    /// The port; nil for an alias.
    public var portID: PortID?
    /// The alias; nil for a port.
    public var alias: String?
    /// Kinds of device that would do, for messages.
    public var kinds: String
    /// Where it must be wired to.
    public var network: NetworkDemand
    /// Devices of the kinds on the host.
    public var ofKind: Int
    /// Of those, wired to the right network.
    public var onNetwork: Int
    /// Of those, free.
    public var free: Int
    /// What free and rightly wired devices lack: a capability, a tag, a MAC, nearness.
    public var lacking: DeviceRefusal?
    /// Each device that is of the kinds, with its reason; cut at the limit of the caller.
    public var devices: [DeviceVerdict]

    /// Counts the devices of `states` by what speaks against them.
    init(
        _ request: DeviceRequest, _ states: DeviceStates, _ verdicts: [DeviceVerdict],
        verdictsMax: Int
    ) {
        requestID = request.id
        portID = request.portID
        alias = request.alias
        kinds = request.kindNames
        network = request.network
        let ofKind = states.entries.filter { request.kinds.contains($0.device.kind) }
        let wired = ofKind.filter { request.network.accepts($0.device.physicalNetwork) }
        let free = wired.filter { $0.state == .available }
        self.ofKind = ofKind.count
        onNetwork = wired.count
        self.free = free.count
        let kept = Set(ofKind.map(\.device.id))
        devices = Array(verdicts.filter { kept.contains($0.deviceID) }.prefix(verdictsMax))
        lacking = free.isEmpty ? nil : free.lazy.compactMap { request.refusal(of: $0.device) }.first
    }

    /// A shortage that is known by its request alone.
    init(_ request: DeviceRequest) {
        requestID = request.id
        portID = request.portID
        alias = request.alias
        kinds = request.kindNames
        network = request.network
        (ofKind, onNetwork, free) = (0, 0, 0)
        devices = []
    }

    /// What tenants may know.
    public var category: String {
        let place =
            switch network {
            case .any: ""
            case .wired(let name?): " on \(name)"
            case .wired(nil): " for tunnelled networks"
            }
        let device = "no free \(kinds) device\(place)"
        return switch lacking {
        case .fixedMAC(_, let wanted): "\(device) that can have MAC \(wanted)"
        case .capability(let name, _, let wanted): "\(device) with \(name) \(wanted)"
        case .tag(let key, _, let wanted): "\(device) with \(key) '\(wanted)'"
        case .numaNode: "\(device) near the guest's NUMA nodes"
        case .model(_, let wanted): "\(device) of model \(wanted)"
        case .kind, .physicalNetwork, nil: device
        }
    }
}

extension DeviceShortage: CustomStringConvertible {
    /// One sentence for operators.
    public var description: String {
        let requester = portID.map { "port \($0)" } ?? "alias \(alias ?? requestID)"
        return "\(category) for \(requester): \(ofKind) of that kind, \(onNetwork) wired there,"
            + " \(free) free"
    }
}

extension NetworkDemand {
    /// Whether a device wired to `found` is where it should be.
    func accepts(_ found: String?) -> Bool {
        switch self {
        case .any: true
        case .wired(let wanted): wanted?.lowercased() == found?.lowercased()
        }
    }
}
