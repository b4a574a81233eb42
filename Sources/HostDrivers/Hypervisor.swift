import ComputeModel

/// What runs guests on this host. Every call is safe to repeat, and finds the guest by its
/// instance id, which is also its UUID. Calls for different guests may overlap.
///
/// "Ours" are the guests that carry Millrace's metadata; others are never listed or touched.
public protocol Hypervisor: Sendable {
    /// What the host is; asked at start and on every slow rescan.
    func probe() async throws(DriverError) -> HypervisorProbe

    /// All of our guests, running or only defined.
    func guests() async throws(DriverError) -> [ObservedGuest]

    /// Defines the guest, or replaces its definition when it is not running. Doesn't start it.
    func define(_ plan: GuestPlan) async throws(DriverError)

    /// Starts a defined guest; nothing to do when it runs already. `notFound` if not defined.
    func start(_ instance: InstanceID) async throws(DriverError)

    /// Asks the guest to power off and waits until it has; `timedOut` when it did not within
    /// `timeout`. Nothing to do when it is off or not defined.
    func shutdown(_ instance: InstanceID, timeout: Duration) async throws(DriverError)

    /// Takes the guest's power away. Nothing to do when it is off or not defined.
    func destroy(_ instance: InstanceID) async throws(DriverError)

    /// Removes the definition of a guest that is off, and its saved memory. Nothing to do when it
    /// is not defined.
    func undefine(_ instance: InstanceID) async throws(DriverError)

    /// Stops the guest's CPUs; nothing to do when they stand still. `notFound` if it has no power.
    func pause(_ instance: InstanceID) async throws(DriverError)

    /// Lets the guest's CPUs go on; nothing to do when they do.
    func unpause(_ instance: InstanceID) async throws(DriverError)

    /// Saves the guest's memory and takes its power away. Its vDPA NICs must have been unplugged.
    /// Nothing to do when that was done. A guest that could not be saved goes on running.
    func save(_ instance: InstanceID) async throws(DriverError)

    /// Brings a saved guest back with its CPUs stopped. The saved memory is kept until that has
    /// worked. Nothing to do when the guest has its power; `notFound` if nothing is saved.
    func restore(_ instance: InstanceID) async throws(DriverError)

    /// Throws the saved memory away: the guest is then shut down. Nothing to do without any.
    func discardSaved(_ instance: InstanceID) async throws(DriverError)

    /// Plugs a NIC into a guest that has its power, and into its definition. Nothing to do when
    /// the guest has it.
    func attach(
        _ instance: InstanceID, _ interface: PlannedInterface
    ) async throws(DriverError)

    /// Asks the guest to give the NIC up and waits until it has; then it is out of the definition
    /// too. `timedOut` when it did not within `timeout`: then it still has the NIC, and so has the
    /// definition. Nothing to do when the guest hasn't got it. A guest that is off loses it from
    /// its definition only.
    func detach(
        _ instance: InstanceID, _ port: PortID, timeout: Duration
    ) async throws(DriverError)

    /// Writes the root disk of a running guest, as it is at this moment, to a new file at `path`
    /// (qcow2, complete), replacing one of an earlier attempt.
    func copyRoot(_ instance: InstanceID, to path: String) async throws(DriverError)

    /// Sends the running guest to another host and waits until it runs there: then nothing of its
    /// domain is left here. It has no vDPA NIC any more. Its disks are copied; those on the other
    /// host exist with the same size and base. Cancelled, or past its time, the migration is
    /// aborted and the guest runs here.
    ///
    /// `progress` is told how far it is about once a second.
    func migrate(
        _ instance: InstanceID, _ departure: GuestDeparture,
        progress: @escaping @Sendable (GuestMigrationReport) async -> Void
    ) async throws(DriverError)

    /// Makes a migration that is under way end at once, at the price of a longer standstill.
    func forceMigration(_ instance: InstanceID) async throws(DriverError)

    /// Ends a migration that is under way without anybody waiting for it (its agent was killed);
    /// the guest runs here. Nothing to do when there is none.
    func abortMigration(_ instance: InstanceID) async throws(DriverError)

    /// At most the last `bytes` bytes of the console log, with invalid UTF-8 replaced; "" while
    /// nothing was written. `notFound` when there is no log.
    func consoleTail(_ instance: InstanceID, bytes: Int) async throws(DriverError) -> String

    /// What happens to guests from now on. Losing events is allowed (the agent also rescans);
    /// the stream ends only when the driver does.
    func events() -> AsyncStream<HypervisorEvent>
}

/// What a probe found.
public struct HypervisorProbe: Sendable, Equatable {
    /// The hypervisor and its versions.
    public var facts: HypervisorFacts
    /// CPU threads for guests.
    public var cpus: Int
    /// Memory in MiB for guests.
    public var memoryMiB: Int
    /// NUMA cells, ordered by id; at least one.
    public var numaCells: [NUMACell]
    /// Minimums that are not met, and what else is wrong.
    public var conditions: [HostCondition]

    /// A finding; see the fields.
    public init(
        facts: HypervisorFacts, cpus: Int, memoryMiB: Int, numaCells: [NUMACell],
        conditions: [HostCondition] = []
    ) {
        self.facts = facts
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.numaCells = numaCells
        self.conditions = conditions
    }
}

/// A guest of ours as the hypervisor has it.
public struct ObservedGuest: Sendable, Equatable {
    /// The instance.
    public var instanceID: InstanceID
    /// The assignment generation from which it was defined, from its metadata.
    public var generation: Int
    /// `shutdown` for one that is only defined; never `none`.
    public var power: GuestPower
    /// NICs in the guest's order.
    public var interfaces: [ObservedInterface]
    /// Whether it is on its way, and which way; nil when it isn't.
    public var transit: GuestTransit?

    /// A guest that is not on its way; see the fields.
    public init(
        instanceID: InstanceID, generation: Int, power: GuestPower,
        interfaces: [ObservedInterface]
    ) {
        self.instanceID = instanceID
        self.generation = generation
        self.power = power
        self.interfaces = interfaces
    }
}

/// A guest that is being migrated live. Nothing but the migration may touch it.
public enum GuestTransit: Sendable, Equatable {
    /// It is still here.
    case leaving
    /// It does not run here yet.
    case arriving
}

/// A NIC of an observed guest.
public struct ObservedInterface: Sendable, Equatable {
    /// The port, from the NIC's alias or metadata; nil for a NIC that we did not make.
    public var portID: PortID?
    /// The alias the hypervisor uses; nil while it has none.
    public var alias: String?
    /// Lower case.
    public var macAddress: String
    /// The character device that it holds, such as `/dev/vhost-vdpa-0`.
    public var characterDevice: String?

    /// A NIC; see the fields.
    public init(
        portID: PortID?, alias: String? = nil, macAddress: String, characterDevice: String? = nil
    ) {
        self.portID = portID
        self.alias = alias
        self.macAddress = macAddress
        self.characterDevice = characterDevice
    }
}

/// Something happened that makes what is known of guests old.
public enum HypervisorEvent: Sendable, Equatable {
    /// One guest started, stopped, crashed, was defined or undefined.
    case guestChanged(InstanceID)
    /// The daemon went or came back: everything must be read anew.
    case connectionChanged
}
