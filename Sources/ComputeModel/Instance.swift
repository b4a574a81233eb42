import Foundation

/// A virtual machine as the control plane knows it. `state`, `task` and everything above
/// `observed` is written by the Conductor only; `observed` by host reports only.
public struct Instance: Codable, Sendable, Equatable {
    /// Made before the first step that needs it, never changed.
    public var id: InstanceID
    /// The owner; other projects get "not found".
    public var projectID: ProjectID
    /// Who asked for it.
    public var userID: UserID
    /// Display name, 1 to 255 characters.
    public var name: String
    /// Free text, up to 255 characters.
    public var description: String?
    /// What the guest is told its name is (derived from `name` unless given).
    public var hostname: String
    /// The flavor as it was when the instance was made or last resized.
    public var flavor: Flavor
    /// The image it boots from.
    public var imageID: ImageID
    /// Owner's key/value pairs, shown to the guest on the config drive.
    public var metadata: [String: String] = [:]
    /// Owner's labels.
    public var tags: [String] = []
    /// The key pair's name, and its public key as it was at creation.
    public var keyName: String?
    /// OpenSSH public key text that belongs to `keyName`.
    public var keyPublic: String?
    /// Base64 text as given; at most 65,535 bytes.
    public var userData: String?
    /// Whether the caller asked for a config drive (one is always made, see the decision page).
    public var configDrive: Bool = false
    /// Availability zone asked for; nil lets the scheduler choose.
    public var requestedZone: String?
    /// Host asked for by an administrator.
    public var requestedHost: String?
    /// The group it is a member of.
    public var serverGroupID: ServerGroupID?
    /// Other instances' hosts that the scheduler shall prefer or avoid (`same_host`,
    /// `different_host`), as given.
    public var schedulerHints: [String: [String]]?
    /// Position among those created by one request, from 0.
    public var launchIndex: Int = 0
    /// Shared by those created by one request.
    public var reservationID: String
    /// How many were created by that request, when it was more than one: they are placed all or
    /// none.
    public var requestedTogether: Int?
    /// Its ports, in the order of the guest's NICs.
    public var interfaces: [InstanceInterface] = []
    /// Names of security groups asked for (recorded; enforced by the network back end).
    public var securityGroups: [String] = []

    /// Where it stands; `enter` changes it.
    public internal(set) var state: InstanceState = .building
    /// What is being done to it now; nil when nothing is.
    public var task: InstanceTask? = .scheduling
    /// Why it is in `error`, for the tenant.
    public var fault: InstanceFault?
    /// Whether its owner wants it running.
    public var desiredPower: PowerIntent = .running
    /// Its state before `task` began, where the workflow needs it for the way back, or for what
    /// comes after (a rescued, resized or rebuilt instance).
    public var stateBefore: InstanceState?
    /// The host that runs it, from the claim on.
    public var hostID: HostID?
    /// The host's name at that time.
    public var hostName: String?
    /// The zone of that host.
    public var zone: String?
    /// The workflow that is changing it now. Exactly then `task` may be set.
    public var workflowID: WorkflowID?
    /// Set once deletion was accepted; nothing else starts after that.
    public var deletionRequested: Bool = false
    /// Locked against changes by its owner.
    public var locked: Bool = false
    /// The reason given with the lock.
    public var lockedReason: String?
    /// First time it ran.
    public var launchedAt: Date?
    /// When it was deleted; such documents are kept for their event list, then swept.
    public var terminatedAt: Date?
    /// When the request was accepted.
    public var createdAt: Date
    /// Last change of anything above.
    public var updatedAt: Date

    /// What the host last said of the guest.
    public var observed: GuestPower = .none

    /// Which root disk it has; see `GuestDefinition.rootBuild`. Nil means 0.
    public var rootBuild: Int?
    /// The greatest number that any root disk of it ever had: numbers are not used twice. Nil means
    /// 0.
    public var lastRootBuild: Int?
    /// The image that its present root disk lies over where that is not `imageID`: the copy that a
    /// move or a shelving made. Kept as long as the disk, for live migrations.
    public var rootImageID: ImageID?
    /// The image it is rescued with.
    public var rescueImageID: ImageID?
    /// The image that a shelved instance is kept in.
    public var shelvedImageID: ImageID?
    /// A resize or cold migration that is under way or waits to be confirmed.
    public var resize: InstanceResize?
    /// The migration under way, of any kind.
    public var migrationID: MigrationID?
    /// The host that was claimed for an evacuation or live migration under way.
    public var moveDestination: HostID?

    /// A building instance with nothing placed yet.
    public init(
        id: InstanceID, projectID: ProjectID, userID: UserID, name: String, hostname: String,
        flavor: Flavor, imageID: ImageID, reservationID: String, createdAt: Date
    ) {
        self.id = id
        self.projectID = projectID
        self.userID = userID
        self.name = name
        self.hostname = hostname
        self.flavor = flavor
        self.imageID = imageID
        self.reservationID = reservationID
        self.createdAt = createdAt
        self.updatedAt = createdAt
    }
}

/// One NIC of an instance.
public struct InstanceInterface: Codable, Sendable, Equatable {
    /// The port behind it.
    public var portID: PortID
    /// True when Millrace made the port for this instance, so that it goes with it.
    public var deletedWithInstance: Bool
    /// Device role tag.
    public var tag: String?

    /// An interface on an existing or pre-made port.
    public init(portID: PortID, deletedWithInstance: Bool, tag: String? = nil) {
        self.portID = portID
        self.deletedWithInstance = deletedWithInstance
        self.tag = tag
    }
}

/// What the owner wants the guest's power to be.
public enum PowerIntent: String, Codable, Sendable {
    case running, stopped
}

/// The guest's power as a host reports it; numbers as OpenStack's `power_state`.
public enum GuestPower: Int, Codable, Sendable {
    case none = 0
    case running = 1
    case paused = 3
    case shutdown = 4
    case crashed = 6
    case suspended = 7
}

/// Why an instance failed, as its owner may read it.
public struct InstanceFault: Codable, Sendable, Equatable {
    /// An HTTP-like number, 500 for failures of ours.
    public var code: Int
    /// One sentence; names categories, never hosts.
    public var message: String
    /// More, for administrators.
    public var details: String?
    /// When it happened.
    public var created: Date

    /// A fault; see the fields.
    public init(code: Int, message: String, details: String?, created: Date) {
        self.code = code
        self.message = message
        self.details = details
        self.created = created
    }
}
