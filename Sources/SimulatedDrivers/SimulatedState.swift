import ComputeModel
import HostDrivers

/// A guest as a simulated hypervisor has it.
public struct SimulatedGuest: Sendable, Equatable {
    /// As it was defined last.
    public var plan: GuestPlan
    /// Its power.
    public var power: GuestPower
}

/// Files of a guest on a simulated host.
public struct SimulatedDisks: Sendable, Equatable {
    /// The image that the root disk was made of; nil while there is none.
    public var rootImage: ImageID?
    /// Size of the root disk in GiB.
    public var sizeGiB: Int
    /// What is on the config drive; nil while there is none.
    public var configDrive: GuestDefinition?
}

/// Everything that a simulated host has outside its agent: what survives the agent's end.
public struct SimulatedSnapshot: Sendable, Equatable {
    /// Guests by instance.
    public var guests: [InstanceID: SimulatedGuest] = [:]
    /// Plugged VIFs by port.
    public var vifs: [PortID: PluggedVIF] = [:]
    /// Files by instance.
    public var disks: [InstanceID: SimulatedDisks] = [:]
    /// Devices with their present MACs, vanished ones left out, ordered by address.
    public var devices: [Device] = []

    /// Guests whose power is on.
    public var running: Set<InstanceID> {
        Set(guests.filter { $0.value.power == .running }.keys)
    }
}

/// The state behind a `SimulatedHost`.
struct SimulatedState {
    var visible = SimulatedSnapshot()
    var vanished: [DeviceID: Device] = [:]
    var consoles: [InstanceID: String] = [:]
    var cachedImages: Set<ImageID> = []
    var faults = FaultPlan()
    var ignoresShutdown: Set<InstanceID> = []
    var conditions: [HostCondition] = []
    /// Added to every character device's number, as after a reboot.
    var renumbering = 0
    /// Agents of an earlier incarnation can't do anything any more.
    var incarnation = 0
    var callCount = 0
    var severAtCall: Int?
    var calls: [SimulatedCall] = []
    var stalled: [SimulatedOperation: [Int: CheckedContinuation<Void, Never>]] = [:]
    var nextStall = 0

    /// `/dev/vhost-vdpa-N`: vDPA devices are numbered in their order on the host.
    func characterDevice(_ device: DeviceID) -> String? {
        let all = visible.devices + vanished.values
        let numbered = all.filter { $0.kind == .vdpa }.sorted { $0.address < $1.address }
        return numbered.firstIndex { $0.id == device }
            .map { "/dev/vhost-vdpa-\($0 + renumbering)" }
    }

    func device(_ id: DeviceID) -> Device? { visible.devices.first { $0.id == id } }

    /// Whether a guest that has its power holds the device.
    func isInUse(_ characterDevice: String, besides instance: InstanceID? = nil) -> Bool {
        visible.guests.contains { id, guest in
            id != instance && guest.power == .running
                && guest.plan.interfaces.contains { $0.characterDevice == characterDevice }
        }
    }
}

/// One driver call that an agent made.
public struct SimulatedCall: Sendable, Equatable {
    /// Which call.
    public var operation: SimulatedOperation
    /// On what: an instance's, port's or device's id, or the host's name.
    public var object: String
}
