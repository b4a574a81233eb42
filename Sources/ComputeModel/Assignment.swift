import Foundation

/// What one instance should be on one host: written by the Conductor, pulled by the host's agent,
/// which compares it with what it sees and acts on the difference.
public struct Assignment: Codable, Sendable, Equatable {
    /// The instance.
    public var instanceID: InstanceID
    /// The host.
    public var hostID: HostID
    /// Counts changes of this assignment, from 1; reports say which one they answer.
    public var generation: Int
    /// What is wanted.
    public var goal: AssignmentGoal
    /// The guest, complete; kept when the goal is `absent` so that clean-up knows what was there.
    public var guest: GuestDefinition
    /// A guest that is active must have been defined at this generation or later; an older one is
    /// taken down as `restart` says and built anew. Nil: any will do.
    public var definedSince: Int?
    /// How a guest is taken down that was defined before `definedSince` (nil means `hard`), or that
    /// shall be `stopped` (nil means `soft`).
    public var restart: GuestRestart?
    /// The guest comes by live migration: everything is made ready for it, and it is not started
    /// here. Once it is here its NICs are plugged in.
    public var arrival: GuestArrival?
    /// The guest leaves by live migration: its vDPA NICs are unplugged, then it is sent.
    public var departure: GuestDeparture?
    /// A copy of the root disk that the control plane waits for.
    public var export: DiskExport?
    /// The workflow step that wrote this generation, so that repeating the step changes nothing.
    public var writtenBy: String?

    /// An assignment; see the fields.
    public init(
        instanceID: InstanceID, hostID: HostID, generation: Int, goal: AssignmentGoal,
        guest: GuestDefinition
    ) {
        self.instanceID = instanceID
        self.hostID = hostID
        self.generation = generation
        self.goal = goal
        self.guest = guest
    }
}

/// What an agent shall make true.
public enum AssignmentGoal: String, Codable, Sendable {
    /// Defined, plugged and running.
    case running
    /// As `running`, with its CPUs stopped.
    case paused
    /// Its memory saved on disk, its vDPA NICs unplugged, its power off.
    case suspended
    /// Defined and shut down, its ports plugged.
    case stopped
    /// Nothing left: no domain, no port on the switch, no disk.
    case absent
}

/// A guest as an agent needs to know it to build it; no address or path of the host is in it.
public struct GuestDefinition: Codable, Sendable, Equatable {
    /// Domain name on the host.
    public var name: String
    /// Display name for the config drive.
    public var displayName: String
    /// Host name inside the guest.
    public var hostname: String
    /// The owner.
    public var projectID: ProjectID
    /// Who made it.
    public var userID: UserID
    /// Virtual CPUs.
    public var vcpus: Int
    /// Memory in MiB.
    public var memoryMiB: Int
    /// Root disk in GiB; 0 means the image's own size.
    public var diskGiB: Int
    /// The image that the root disk is laid over.
    public var image: GuestImage
    /// NICs in order.
    public var interfaces: [GuestInterface]
    /// Owner's key/value pairs.
    public var metadata: [String: String]
    /// Key pair name to OpenSSH public key.
    public var publicKeys: [String: String]
    /// Base64 text.
    public var userData: String?
    /// Zone for the config drive.
    public var availabilityZone: String
    /// Position among those created together.
    public var launchIndex: Int
    /// Where its NUMA nodes lie; nil for a guest that floats over the whole host.
    public var numa: NUMAPlacement?
    /// Which root disk it boots from: each rebuild, resize and move makes a new one. Nil means 0.
    public var rootBuild: Int?
    /// Earlier root disks that stay on the host, for a way back; others are removed once the guest
    /// is as assigned.
    public var keptRootBuilds: [Int]?
    /// The guest boots from a disk of this image, its root disk second; nil unless it is rescued.
    public var rescue: GuestImage?

    /// A guest without NICs, metadata, keys or user data.
    public init(
        name: String, displayName: String, hostname: String, projectID: ProjectID,
        userID: UserID, vcpus: Int, memoryMiB: Int, diskGiB: Int, image: GuestImage,
        availabilityZone: String
    ) {
        self.name = name
        self.displayName = displayName
        self.hostname = hostname
        self.projectID = projectID
        self.userID = userID
        self.vcpus = vcpus
        self.memoryMiB = memoryMiB
        self.diskGiB = diskGiB
        self.image = image
        self.availabilityZone = availabilityZone
        interfaces = []
        metadata = [:]
        publicKeys = [:]
        launchIndex = 0
    }
}

/// The image of a guest, with what an agent needs to fetch and prove it.
public struct GuestImage: Codable, Sendable, Equatable {
    /// Which image.
    public var id: ImageID
    /// `qcow2` or `raw`; always told to qemu-img, never guessed.
    public var format: String
    /// Bytes to fetch.
    public var sizeBytes: Int64
    /// Size of the disk it holds.
    public var virtualSizeBytes: Int64
    /// Hex digest that the fetched bytes must have.
    public var sha512: String

    /// An image; see the fields.
    public init(
        id: ImageID, format: String, sizeBytes: Int64, virtualSizeBytes: Int64, sha512: String
    ) {
        self.id = id
        self.format = format
        self.sizeBytes = sizeBytes
        self.virtualSizeBytes = virtualSizeBytes
        self.sha512 = sha512
    }
}

/// One NIC of a guest.
public struct GuestInterface: Codable, Sendable, Equatable {
    /// The port.
    public var portID: PortID
    /// The network, for the config drive.
    public var networkID: NetworkID
    /// The MAC that device, guest and switch must agree on.
    public var macAddress: String
    /// Largest packet in bytes.
    public var mtuBytes: Int
    /// Kind of NIC.
    public var vnicType: VNICType
    /// The claimed device, looked up on the host when used.
    public var deviceID: DeviceID
    /// VLAN to tag on the switch; nil on flat networks.
    public var vlanTag: Int?
    /// Addresses, for the config drive.
    public var addresses: [GuestAddress]

    /// A NIC; see the fields.
    public init(
        portID: PortID, networkID: NetworkID, macAddress: String, mtuBytes: Int,
        vnicType: VNICType, deviceID: DeviceID, vlanTag: Int?, addresses: [GuestAddress]
    ) {
        self.portID = portID
        self.networkID = networkID
        self.macAddress = macAddress
        self.mtuBytes = mtuBytes
        self.vnicType = vnicType
        self.deviceID = deviceID
        self.vlanTag = vlanTag
        self.addresses = addresses
    }
}

/// An address of a guest's NIC with its subnet's facts.
public struct GuestAddress: Codable, Sendable, Equatable {
    /// The address.
    public var address: String
    /// The subnet's prefix length.
    public var prefixLength: Int
    /// 4 or 6.
    public var ipVersion: Int
    /// The router.
    public var gateway: String?
    /// Name servers.
    public var nameservers: [String]
    /// Static routes.
    public var routes: [HostRoute]

    /// An address; see the fields.
    public init(
        address: String, prefixLength: Int, ipVersion: Int, gateway: String?,
        nameservers: [String], routes: [HostRoute]
    ) {
        self.address = address
        self.prefixLength = prefixLength
        self.ipVersion = ipVersion
        self.gateway = gateway
        self.nameservers = nameservers
        self.routes = routes
    }
}

/// What an agent says of one assigned guest.
public struct GuestReport: Codable, Sendable, Equatable {
    /// The instance.
    public var instanceID: InstanceID
    /// The host.
    public var hostID: HostID
    /// The assignment generation that this answers.
    public var generation: Int
    /// How far the agent is with it.
    public var phase: GuestPhase
    /// The guest's power now.
    public var power: GuestPower
    /// What is being done, or what went wrong, for operators.
    public var detail: String
    /// What went wrong, for the tenant; nil unless `phase` is `failed`.
    public var failure: String?
    /// Ports whose wire is up.
    public var portsUp: [PortID]
    /// When the agent saw this.
    public var reportedAt: Date
    /// The image that a copy of the root disk was last stored under.
    public var exported: ImageID?
    /// How far a live migration is; nil where none was asked for.
    public var migration: GuestMigrationReport?

    /// A report; see the fields.
    public init(
        instanceID: InstanceID, hostID: HostID, generation: Int, phase: GuestPhase,
        power: GuestPower, detail: String, failure: String? = nil, portsUp: [PortID] = [],
        reportedAt: Date
    ) {
        self.instanceID = instanceID
        self.hostID = hostID
        self.generation = generation
        self.phase = phase
        self.power = power
        self.detail = detail
        self.failure = failure
        self.portsUp = portsUp
        self.reportedAt = reportedAt
    }
}

/// How far an agent is with an assignment.
public enum GuestPhase: String, Codable, Sendable {
    /// Under way; `detail` says with what.
    case working
    /// As assigned.
    case settled
    /// Everything is ready for a guest that comes by live migration.
    case prepared
    /// The guest has left by live migration and runs on the other host.
    case departed
    /// Given up; needs another assignment.
    case failed
    /// Gone without trace: no domain, no switch port, no disk.
    case absent
}
