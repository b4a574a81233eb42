public import ComputeModel

/// What can be asked of an instance beside creating and deleting it. Accepted commands answer at
/// once and go on as workflows; `Instances.perform` says what each one needs.
public enum InstanceCommand: Sendable, Equatable {
    case start, stop
    case reboot(GuestRestart)
    case pause, unpause, suspend, resume
    /// Boots from a disk of this image (nil: the instance's own), the root disk second.
    case rescue(image: ImageID?)
    case unrescue
    case shelve, shelveOffload
    /// To a zone or host, if one is given; only where it was offloaded.
    case unshelve(zone: String?, hostName: String?)
    /// To another host, one by name if given.
    case migrate(hostName: String?)
    case resize(FlavorID)
    case confirmResize, revertResize
    /// To another host while it runs, one by name if given.
    case liveMigrate(hostName: String?)
    /// Away from a host that is down. `endsStopped`: the instance is not started on its new host,
    /// as from microversion 2.95 on.
    case evacuate(hostName: String?, endsStopped: Bool)

    /// The action's name in an instance's event list, as OpenStack's.
    public var actionName: String {
        switch self {
        case .start: "start"
        case .stop: "stop"
        case .reboot: "reboot"
        case .pause: "pause"
        case .unpause: "unpause"
        case .suspend: "suspend"
        case .resume: "resume"
        case .rescue: "rescue"
        case .unrescue: "unrescue"
        case .shelve: "shelve"
        case .shelveOffload: "shelveOffload"
        case .unshelve: "unshelve"
        case .migrate: "migrate"
        case .resize: "resize"
        case .confirmResize: "confirmResize"
        case .revertResize: "revertResize"
        case .liveMigrate: "live-migration"
        case .evacuate: "evacuate"
        }
    }

    /// What a refusal calls it: the action's name as the API takes it.
    public var verb: String {
        switch self {
        case .liveMigrate: "os-migrateLive"
        default: actionName
        }
    }
}

/// A NIC that an instance shall get: exactly one of port and network, or neither where the project
/// has one network.
public struct AttachmentRequest: Sendable, Equatable {
    /// An existing port.
    public var portID: PortID?
    /// A network that a port is made on.
    public var networkID: NetworkID?
    /// An address for the port that is made.
    public var fixedAddress: String?
    /// Device role tag.
    public var tag: String?

    /// A request; see the fields.
    public init(
        portID: PortID? = nil, networkID: NetworkID? = nil, fixedAddress: String? = nil,
        tag: String? = nil
    ) {
        self.portID = portID
        self.networkID = networkID
        self.fixedAddress = fixedAddress
        self.tag = tag
    }
}

/// A new root disk for an instance, and what may change with it. Nil leaves a thing as it is.
public struct RebuildRequest: Sendable, Equatable {
    /// The image.
    public var imageID: ImageID
    /// Display name.
    public var name: String?
    /// The name that the guest gives itself.
    public var hostname: String?
    /// Free text; the inner nil takes it away.
    public var description: String??
    /// Owner's pairs, replacing the old ones.
    public var metadata: [String: String]?
    /// Key pair; the inner nil takes it away.
    public var keyName: String??
    /// Base64 text; the inner nil takes it away.
    public var userData: String??

    /// A rebuild with `imageID` that changes nothing else.
    public init(imageID: ImageID) { self.imageID = imageID }
}
