import ComputeModel

/// One device that an instance needs: for a port, or because its flavor names an alias.
public struct DeviceRequest: Sendable, Equatable, Codable {
    /// Names the request among those of its instance, over all its moves: the port's id, or
    /// `alias#number`.
    public var id: String
    /// The port that will use the device; nil for an alias.
    public var portID: PortID?
    /// The alias of the flavor; nil for a port.
    public var alias: String?
    /// Forms of device that will do, any of them; never empty.
    public var alternatives: [DeviceDemand]
    /// Where it must be wired to.
    public var network: NetworkDemand
    /// The MAC that the port's user asked for; nil when the port may take the device's.
    public var requiredMAC: String?
    /// What it must be able to do.
    public var requirements: DeviceRequirements
    /// How near it must be to the guest.
    public var numaPolicy: NUMAAffinityPolicy

    /// The device of a port. `physicalNetwork` nil: the port is on a tunnelled network.
    public init(
        portID: PortID, kind: DeviceKind, physicalNetwork: String?, requiredMAC: String? = nil
    ) {
        id = portID.text
        self.portID = portID
        alternatives = [DeviceDemand(kinds: [kind])]
        network = .wired(to: physicalNetwork)
        self.requiredMAC = requiredMAC
        requirements = DeviceRequirements()
        numaPolicy = .legacy
    }

    /// The `number`-th device (from 0) of those that a flavor asks for by `alias`.
    public init(alias: String, number: Int, alternatives: [DeviceDemand]) {
        id = "\(alias)#\(number)"
        self.alias = alias
        self.alternatives = alternatives
        network = .any
        requirements = DeviceRequirements()
        numaPolicy = .legacy
    }

    /// Kinds of device that will do.
    public var kinds: Set<DeviceKind> {
        alternatives.reduce(into: []) { $0.formUnion($1.kinds) }
    }

    /// The kinds for messages, such as `vdpa` or `PCI or VF`.
    public var kindNames: String {
        kinds.map(\.rawValue).sorted().joined(separator: " or ")
    }

    /// The claim of `device` for this request.
    public func claim(of device: DeviceID) -> DeviceClaim {
        if let portID { return DeviceClaim(deviceID: device, portID: portID) }
        return DeviceClaim(deviceID: device, alias: alias ?? id)
    }
}

/// One form of device that serves a request. Nil fields don't matter.
public struct DeviceDemand: Sendable, Equatable, Codable {
    /// Kinds that will do; vDPA devices are only ever given to requests that name them.
    public var kinds: Set<DeviceKind>
    /// Four lower-case hex digits.
    public var vendorID: String?
    /// Four lower-case hex digits.
    public var productID: String?
    /// The trust tag that the device must have.
    public var trusted: Bool?
    /// Whether it is run by a DPU; such devices are kept for requests that say true.
    public var remoteManaged: Bool
    /// The migratability tag that the device must have.
    public var liveMigratable: Bool?
    /// The resource class that it must have.
    public var resourceClass: String?
    /// Traits that it must have.
    public var traits: Set<String>

    /// Any device of these kinds that no DPU runs.
    public init(kinds: Set<DeviceKind>) {
        self.kinds = kinds
        remoteManaged = false
        traits = []
    }
}

/// Where a request's device must be wired to.
public enum NetworkDemand: Sendable, Equatable, Codable {
    /// It doesn't matter.
    case any
    /// To this physical network (upper and lower case are the same); nil stands for tunnelled
    /// networks and fits only devices without one.
    case wired(to: String?)

    /// The physical network asked for, if one is.
    public var name: String? {
        if case .wired(let name) = self { name } else { nil }
    }
}
