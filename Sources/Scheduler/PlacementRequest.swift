import ComputeModel
import DeviceTracking

/// What an instance needs of a host.
public struct PlacementRequest: Sendable, Equatable, Codable {
    /// Countable resources.
    public var capacity: HostCapacity
    /// One for each device, of ports and of aliases.
    public var devices: [DeviceRequest]
    /// Zone asked for; nil for any.
    public var zone: String?
    /// Host asked for by name; nil for any.
    public var hostName: String?
    /// The guest's NUMA nodes, CPU policy and page size; nil for a guest that has no wishes.
    public var topology: GuestTopology?
    /// Kinds of NIC that the host's drivers must be able to give it.
    public var vnicTypes: Set<VNICType>
    /// The flavor's extra specs that are compared with the host's aggregates: key without scope
    /// to the operator expression.
    public var aggregateSpecs: [String: String]
    /// What the image says of the machine that it runs on.
    public var image: ImageDemand
    /// The server group it is a member of.
    public var group: GroupDemand?
    /// Hosts that it may not be placed on, such as the one it is leaving.
    public var excludedHosts: Set<HostID>
    /// Hosts of which it must have one (`same_host`); nil for any.
    public var onlyHosts: Set<HostID>?

    /// A request for resources and devices, without other wishes.
    public init(
        capacity: HostCapacity, devices: [DeviceRequest] = [], zone: String? = nil,
        hostName: String? = nil
    ) {
        self.capacity = capacity
        self.devices = devices
        self.zone = zone
        self.hostName = hostName
        vnicTypes = []
        aggregateSpecs = [:]
        image = ImageDemand()
        excludedHosts = []
    }

    /// Whether a vDPA device is among what it needs.
    public var needsVDPA: Bool { devices.contains { $0.kinds.contains(.vdpa) } }
}

/// What an image's properties demand of the host. Nil: nothing.
public struct ImageDemand: Sendable, Equatable, Codable {
    /// `hw_architecture` or `architecture`, such as `x86_64`.
    public var architecture: String?
    /// `img_hv_type`, such as `qemu` or `kvm`.
    public var hypervisorType: String?
    /// `hw_vm_mode`; only `hvm` runs here.
    public var vmMode: String?

    /// Demands nothing.
    public init() {}
}

/// A server group as it bears on one placement.
public struct GroupDemand: Sendable, Equatable, Codable {
    /// Together or apart, and how strictly.
    public var policy: GroupPolicy
    /// With `antiAffinity`: members that one host may have.
    public var maxPerHost: Int
    /// Members that each host has already, this instance not among them.
    public var members: [HostID: Int]

    /// A group; see the fields.
    public init(policy: GroupPolicy, maxPerHost: Int, members: [HostID: Int]) {
        self.policy = policy
        self.maxPerHost = maxPerHost
        self.members = members
    }
}
