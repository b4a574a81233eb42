/// An SSH (or X.509) key of an instance.
public struct InstanceKeyPair: Sendable, Hashable {
    /// The key pair's name, unique among the user's.
    public let name: String
    /// `ssh` or `x509`, as in the Compute API.
    public let type: String
    /// The public key, in one line for `ssh`.
    public let publicKey: String

    /// - Parameters:
    ///   - name: the key pair's name.
    ///   - type: `ssh` or `x509`.
    ///   - publicKey: the key's text.
    public init(name: String, type: String = "ssh", publicKey: String) {
        self.name = name
        self.type = type
        self.publicKey = publicKey
    }
}

/// A device that the guest can find by its tag (device role tagging).
public struct InstanceDevice: Sendable, Hashable {
    /// `nic` or `disk`.
    public let type: String
    /// The guest's bus, `pci` for NICs.
    public let bus: String
    /// Address on the guest's bus, such as `0000:00:02.0`.
    public let address: String
    /// NICs only.
    public let macAddress: String?
    /// The tags that the user gave at create or attach.
    public let tags: [String]
    /// VLAN ID, if the NIC shows one to the guest.
    public let vlan: Int?

    /// - Parameters: see the properties of the same names.
    public init(
        type: String, bus: String, address: String, macAddress: String? = nil,
        tags: [String] = [], vlan: Int? = nil
    ) {
        self.type = type
        self.bus = bus
        self.address = address
        self.macAddress = macAddress
        self.tags = tags
        self.vlan = vlan
    }
}

/// What the guest learns about its instance: the source of `meta_data.json`.
public struct InstanceMetadata: Sendable, Hashable {
    /// The instance's UUID.
    public var uuid: String
    /// The display name.
    public var name: String
    /// Host name, with the domain if the site has one.
    public var hostname: String
    /// The owning project's id.
    public var projectID: String
    /// The zone of the compute host, as the user sees it.
    public var availabilityZone: String
    /// Position among the instances of one request, from 0.
    public var launchIndex: Int
    /// The user's own pairs.
    public var metadata: [String: String]
    /// The keys to let in; the API allows one.
    public var keyPairs: [InstanceKeyPair]
    /// Tagged devices only, as they are at boot.
    public var devices: [InstanceDevice]
    /// Shown to the guest as `admin_pass` if present.
    public var adminPassword: String?
    /// Fresh random bytes for the guest's entropy pool, written in base64. Nova gives 512.
    public var randomSeed: [UInt8]?

    /// - Parameters: see the properties of the same names.
    public init(
        uuid: String, name: String, hostname: String, projectID: String,
        availabilityZone: String, launchIndex: Int = 0, metadata: [String: String] = [:],
        keyPairs: [InstanceKeyPair] = [], devices: [InstanceDevice] = [],
        adminPassword: String? = nil, randomSeed: [UInt8]? = nil
    ) {
        self.uuid = uuid
        self.name = name
        self.hostname = hostname
        self.projectID = projectID
        self.availabilityZone = availabilityZone
        self.launchIndex = launchIndex
        self.metadata = metadata
        self.keyPairs = keyPairs
        self.devices = devices
        self.adminPassword = adminPassword
        self.randomSeed = randomSeed
    }
}
