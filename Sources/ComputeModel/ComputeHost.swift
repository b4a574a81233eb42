import Foundation

/// A machine that runs guests, as operators have configured it. What it reports of itself is
/// `HostReport`, what is claimed on it `HostLedger`.
public struct ComputeHost: Codable, Sendable, Equatable {
    /// Made when the host joins.
    public var id: HostID
    /// Its name, unique; OpenStack shows it as host and hypervisor hostname.
    public var name: String
    /// The availability zone it is in.
    public var zone: String
    /// Whether new guests may come.
    public var disabled: Bool
    /// Why not.
    public var disabledReason: String?
    /// Set by an operator who knows that the host is dead.
    public var forcedDown: Bool
    /// When it joined.
    public var createdAt: Date
    /// Last change by an operator.
    public var updatedAt: Date

    /// An enabled host.
    public init(id: HostID, name: String, zone: String, createdAt: Date) {
        self.id = id
        self.name = name
        self.zone = zone
        self.createdAt = createdAt
        self.updatedAt = createdAt
        disabled = false
        forcedDown = false
    }
}

/// What a host last reported of itself: hardware, software and devices.
public struct HostReport: Codable, Sendable, Equatable {
    /// The host.
    public var hostID: HostID
    /// CPU threads it can give to guests.
    public var cpus: Int
    /// Memory in MiB it can give to guests.
    public var memoryMiB: Int
    /// Disk in GiB it can give to guests.
    public var diskGiB: Int
    /// NUMA cells, ordered by id; at least one.
    public var numaCells: [NUMACell]
    /// The hypervisor and its versions.
    public var hypervisor: HypervisorFacts
    /// Devices that the host's `device_spec` offers.
    public var devices: [Device]
    /// What is wrong with the host, for operators; empty when nothing is.
    public var conditions: [HostCondition]
    /// The agent's version.
    public var agentVersion: String
    /// Address of the host on the management network, as the agent knows it.
    public var address: String
    /// When the agent made this report.
    public var reportedAt: Date
    /// Kinds of NIC that the host's drivers can give to a guest; nil means `vdpa` only.
    public var bootableVNICs: [VNICType]?
    /// Whether the host's drivers can give a guest the PCI devices that its flavor names by alias;
    /// nil means no.
    public var passesDevicesThrough: Bool?
    /// `AgentAbility` by name; names of later releases may be among them. Nil means none.
    public var abilities: [String]?
    /// Where other hosts' hypervisors send running guests, such as `qemu+tls://host2/system`; nil
    /// when the operator configured none.
    public var migrationURI: String?
    /// Whether guests travel encrypted to and from this host; nil means no.
    public var migrationIsEncrypted: Bool?

    /// A report; see the fields.
    public init(
        hostID: HostID, cpus: Int, memoryMiB: Int, diskGiB: Int, numaCells: [NUMACell],
        hypervisor: HypervisorFacts, devices: [Device], conditions: [HostCondition],
        agentVersion: String, address: String, reportedAt: Date
    ) {
        self.hostID = hostID
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.diskGiB = diskGiB
        self.numaCells = numaCells
        self.hypervisor = hypervisor
        self.devices = devices
        self.conditions = conditions
        self.agentVersion = agentVersion
        self.address = address
        self.reportedAt = reportedAt
    }
}

extension HostReport {
    /// Whether the host's agent can do this.
    public func can(_ ability: AgentAbility) -> Bool {
        abilities?.contains(ability.rawValue) ?? false
    }
}

/// A NUMA node of a host.
public struct NUMACell: Codable, Sendable, Equatable {
    /// The node's number.
    public var id: Int
    /// CPU thread numbers.
    public var cpus: [Int]
    /// Memory in MiB.
    public var memoryMiB: Int
    /// CPU threads among `cpus` that are given to one guest each and to nobody else; the rest is
    /// shared. Nil or empty: the operator dedicates none.
    public var dedicatedCPUs: [Int]?
    /// The socket that the cell is part of; nil when the platform doesn't say.
    public var socket: Int?
    /// Threads of the same core, for cores that have more than one.
    public var threadSiblings: [[Int]]?
    /// Huge pages reserved by the operator; their memory is part of `memoryMiB`.
    public var hugePages: [HugePagePool]?

    /// A cell; see the fields.
    public init(id: Int, cpus: [Int], memoryMiB: Int) {
        self.id = id
        self.cpus = cpus
        self.memoryMiB = memoryMiB
    }
}

/// Huge pages of one size in one NUMA cell.
public struct HugePagePool: Codable, Sendable, Equatable {
    /// Size of a page in KiB.
    public var pageSizeKiB: Int
    /// Pages that guests may have.
    public var count: Int

    /// `count` pages of `pageSizeKiB`.
    public init(pageSizeKiB: Int, count: Int) {
        self.pageSizeKiB = pageSizeKiB
        self.count = count
    }

    /// Their memory in MiB, rounded down.
    public var memoryMiB: Int { pageSizeKiB * count / 1_024 }
}

/// The hypervisor of a host, as probed.
public struct HypervisorFacts: Codable, Sendable, Equatable {
    /// `QEMU`, or `simulated`.
    public var type: String
    /// Hypervisor version as libvirt counts it: major * 1,000,000 + minor * 1,000 + micro.
    public var version: Int
    /// libvirt version, counted alike; 0 where there is none.
    public var libvirtVersion: Int
    /// `uname -r`; "" where unknown.
    public var kernelRelease: String
    /// CPU architecture, such as `x86_64`.
    public var architecture: String
    /// CPU model name for display.
    public var cpuModel: String

    /// Facts; see the fields.
    public init(
        type: String, version: Int, libvirtVersion: Int, kernelRelease: String,
        architecture: String, cpuModel: String
    ) {
        self.type = type
        self.version = version
        self.libvirtVersion = libvirtVersion
        self.kernelRelease = kernelRelease
        self.architecture = architecture
        self.cpuModel = cpuModel
    }
}

/// Something wrong with a host or one of its devices.
public struct HostCondition: Codable, Sendable, Equatable {
    /// Stable code, such as `below-minimum`.
    public var code: String
    /// One sentence for operators: what was found, what to do.
    public var message: String
    /// Whether vDPA guests must not be placed while it lasts.
    public var blocksVDPA: Bool

    /// A condition; see the fields.
    public init(code: String, message: String, blocksVDPA: Bool) {
        self.code = code
        self.message = message
        self.blocksVDPA = blocksVDPA
    }
}
