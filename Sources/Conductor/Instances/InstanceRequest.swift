import ComputeModel

/// What somebody asks for when they create instances; checked for form, not yet for existence.
public struct InstanceRequest: Sendable {
    /// Display name, 1 to 255 characters.
    public var name: String
    /// Free text.
    public var description: String?
    /// Host name inside the guest; derived from the name when nil.
    public var hostname: String?
    /// The size.
    public var flavorID: FlavorID
    /// What it boots from.
    public var imageID: ImageID
    /// Its NICs.
    public var networks: NetworkWish
    /// Key/value pairs.
    public var metadata: [String: String] = [:]
    /// Labels.
    public var tags: [String] = []
    /// One of the caller's key pairs.
    public var keyName: String?
    /// Base64 text.
    public var userData: String?
    /// Whether a config drive was asked for.
    public var configDrive = false
    /// Zone asked for.
    public var zone: String?
    /// Host asked for; administrators only.
    public var hostName: String?
    /// The server group it shall be a member of.
    public var serverGroupID: ServerGroupID?
    /// Scheduler hints as given; `same_host` and `different_host` name instances.
    public var schedulerHints: [String: [String]] = [:]
    /// Names or ids of security groups.
    public var securityGroups: [String] = []
    /// At least so many.
    public var countMin = 1
    /// At most so many.
    public var countMax = 1

    /// A request for one instance with nothing optional.
    public init(name: String, flavorID: FlavorID, imageID: ImageID, networks: NetworkWish) {
        self.name = name
        self.flavorID = flavorID
        self.imageID = imageID
        self.networks = networks
    }
}

/// Which NICs somebody asks for.
public enum NetworkWish: Sendable, Equatable {
    /// None at all.
    case none
    /// Whatever is usual (microversion 2.37's `auto`, or no word about it before).
    case auto
    /// These, in order.
    case list([NICRequest])
}

/// One NIC asked for.
public enum NICRequest: Sendable, Equatable {
    /// On an existing port.
    case port(PortID, tag: String?)
    /// On a new port of a network.
    case network(NetworkID, fixedIP: String?, tag: String?)
}
