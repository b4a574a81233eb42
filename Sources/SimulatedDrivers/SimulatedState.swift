import ComputeModel
import HostDrivers

/// A guest as a simulated hypervisor has it.
public struct SimulatedGuest: Sendable, Equatable {
    /// As it was defined last, with the NICs that it has now.
    public var plan: GuestPlan
    /// Its power; `suspended` while its memory is saved.
    public var power: GuestPower
    /// Whether it is on its way, and which way.
    public var transit: GuestTransit?

    /// Whether it has a process, which holds its devices.
    public var isActive: Bool {
        switch power {
        case .running, .paused, .crashed: true
        case .none, .shutdown, .suspended: false
        }
    }
}

/// A disk of a guest on a simulated host.
public struct SimulatedDisk: Sendable, Equatable {
    /// The image that it was made of.
    public var image: ImageID
    /// Its size in GiB.
    public var sizeGiB: Int
    /// What is on it, in place of data: the image's until the guest writes something.
    public var content: String
}

/// Files of a guest on a simulated host.
public struct SimulatedDisks: Sendable, Equatable {
    /// Complete disks.
    public var disks: [GuestDisk: SimulatedDisk] = [:]
    /// What is on the config drive; nil while there is none.
    public var configDrive: GuestDefinition?
    /// A copy of a root disk that was not removed yet.
    public var copy: SimulatedDisk?
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
    /// What is in the images that were fetched.
    var cachedImages: [ImageID: String] = [:]
    var faults = FaultPlan()
    var ignoresShutdown: Set<InstanceID> = []
    var ignoresUnplug: Set<InstanceID> = []
    /// Guests that leave, by the name of the host that they go to.
    var destinations: [InstanceID: String] = [:]
    /// Guests on their way that are to arrive at once.
    var forced: Set<InstanceID> = []
    var orphanedMigrations = OrphanedMigrations.abort
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

    /// Whether a guest that has a process holds the device.
    func isInUse(_ characterDevice: String, besides instance: InstanceID? = nil) -> Bool {
        visible.guests.contains { id, guest in
            id != instance && guest.isActive
                && guest.plan.interfaces.contains { $0.characterDevice == characterDevice }
        }
    }
}

/// What becomes of a migration whose agent is killed while the guest is on its way.
public enum OrphanedMigrations: Sendable {
    /// The guest stays.
    case abort
    /// The guest goes.
    case complete
    /// The guest is on its way until somebody says `SimulatedHost.completeMigration(of:)`, or
    /// until the next agent aborts it.
    case goOn
}

/// One driver call that an agent made.
public struct SimulatedCall: Sendable, Equatable {
    /// Which call.
    public var operation: SimulatedOperation
    /// On what: an instance's, port's or device's id, or the host's name.
    public var object: String
}
