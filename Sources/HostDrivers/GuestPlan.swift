import ComputeModel

/// A guest with everything resolved on this host, just before it is defined. Never stored: paths
/// and character devices are looked up anew for every start.
public struct GuestPlan: Sendable, Equatable {
    /// The instance; its text is the domain's UUID.
    public var instanceID: InstanceID
    /// The assignment generation, written into the domain's metadata.
    public var generation: Int
    /// Unique on the host.
    public var name: String
    /// What people call the guest.
    public var title: String
    /// Virtual CPUs, at least 1.
    public var vcpus: Int
    /// Memory in MiB.
    public var memoryMiB: Int
    /// Root disk first.
    public var disks: [PlannedDisk]
    /// Absolute path of the config drive's image; read-only, raw.
    public var configDrivePath: String
    /// Absolute path of the file that the serial console is appended to.
    public var consoleLogPath: String
    /// NICs in the guest's order.
    public var interfaces: [PlannedInterface]
    /// Where its NUMA nodes lie; nil unless set: the guest floats over the host's shared CPUs.
    public var numa: NUMAPlacement?

    /// A plan; see the fields.
    public init(
        instanceID: InstanceID, generation: Int, name: String, title: String, vcpus: Int,
        memoryMiB: Int, disks: [PlannedDisk], configDrivePath: String, consoleLogPath: String,
        interfaces: [PlannedInterface]
    ) {
        self.instanceID = instanceID
        self.generation = generation
        self.name = name
        self.title = title
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.disks = disks
        self.configDrivePath = configDrivePath
        self.consoleLogPath = consoleLogPath
        self.interfaces = interfaces
    }
}

/// A disk of a planned guest.
public struct PlannedDisk: Sendable, Equatable {
    /// Absolute path.
    public var path: String
    /// `qcow2` or `raw`; told to the hypervisor, never guessed.
    public var format: String

    /// A disk; see the fields.
    public init(path: String, format: String) {
        self.path = path
        self.format = format
    }
}

/// A vDPA NIC of a planned guest.
public struct PlannedInterface: Sendable, Equatable {
    /// The port; drivers make the NIC's alias of it.
    public var portID: PortID
    /// Port's and device's MAC, lower case; verified to be equal.
    public var macAddress: String
    /// Such as `/dev/vhost-vdpa-0`.
    public var characterDevice: String

    /// A NIC; see the fields.
    public init(portID: PortID, macAddress: String, characterDevice: String) {
        self.portID = portID
        self.macAddress = macAddress
        self.characterDevice = characterDevice
    }
}
