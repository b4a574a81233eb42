/// `meta_data.json` as Nova writes it.
struct MetadataDocument: Encodable {
    struct Key: Encodable {
        let name: String
        let type: String
        let data: String
    }

    struct Device: Encodable {
        let type: String
        let bus: String
        let address: String
        let mac: String?
        let tags: [String]?
        let vlan: Int?
    }

    private enum CodingKeys: String, CodingKey {
        case uuid, name, hostname, meta, keys, devices
        case projectID = "project_id"
        case availabilityZone = "availability_zone"
        case launchIndex = "launch_index"
        case publicKeys = "public_keys"
        case adminPassword = "admin_pass"
        case randomSeed = "random_seed"
    }

    let uuid: String
    let name: String
    let hostname: String
    let projectID: String
    let availabilityZone: String
    let launchIndex: Int
    let meta: [String: String]?
    let publicKeys: [String: String]?
    let keys: [Key]?
    let devices: [Device]
    let adminPassword: String?
    let randomSeed: String?

    init(_ instance: InstanceMetadata, randomSeedBase64: String?) {
        uuid = instance.uuid
        name = instance.name
        hostname = instance.hostname
        projectID = instance.projectID
        availabilityZone = instance.availabilityZone
        launchIndex = instance.launchIndex
        meta = instance.metadata.isEmpty ? nil : instance.metadata
        let pairs = instance.keyPairs.map { ($0.name, $0.publicKey) }
        publicKeys =
            pairs.isEmpty ? nil : Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        keys =
            pairs.isEmpty
            ? nil : instance.keyPairs.map { Key(name: $0.name, type: $0.type, data: $0.publicKey) }
        devices = instance.devices.map {
            Device(
                type: $0.type, bus: $0.bus, address: $0.address, mac: $0.macAddress,
                tags: $0.tags.isEmpty ? nil : $0.tags, vlan: $0.vlan)
        }
        adminPassword = instance.adminPassword
        randomSeed = randomSeedBase64
    }
}
