/// The hosts of a simulated fleet, as a fleet file describes them.
public struct FleetDescription: Codable, Sendable, Equatable {
    /// At least one; names are unique.
    public var hosts: [SimulatedHostSpec]

    /// A fleet of these hosts, unchecked; `init(node:)` checks.
    public init(hosts: [SimulatedHostSpec]) {
        self.hosts = hosts
    }

    /// `count` equal hosts (`sim-1`, `sim-2`, ...): 64 CPUs in 2 NUMA nodes, half of each node's
    /// dedicated, 256 GiB of memory, and one PF 15b3:101d on `physnet1` with 8 VFs 15b3:101e that
    /// all carry vDPA devices.
    public static func standard(hosts count: Int) -> FleetDescription {
        let width = String(count).count
        return FleetDescription(
            hosts: (1...max(count, 1)).map { number in
                let digits = String(number)
                let zeros = String(repeating: "0", count: width - digits.count)
                var host = SimulatedHostSpec(
                    name: "sim-\(zeros)\(digits)", cpus: 64, memoryMiB: 262_144,
                    numaNodes: 2,
                    pfs: [
                        SimulatedPFSpec(
                            vendorID: "15b3", productID: "101d", vfProductID: "101e",
                            physicalNetwork: "physnet1", vfs: 8, vdpa: 8)
                    ])
                host.dedicatedCPUs = 32
                return host
            })
    }
}

/// One simulated host.
public struct SimulatedHostSpec: Codable, Sendable, Equatable {
    /// Disk in GiB unless given.
    public static let diskGiBDefault = 10_000
    /// Zone unless given.
    public static let zoneDefault = "nova"

    /// Its name.
    public var name: String
    /// CPU threads, spread evenly over the NUMA nodes.
    public var cpus: Int
    /// Memory in MiB, spread evenly over the NUMA nodes.
    public var memoryMiB: Int
    /// Disk in GiB for guests.
    public var diskGiB: Int
    /// NUMA nodes, at least 1.
    public var numaNodes: Int
    /// Availability zone it joins.
    public var zone: String
    /// Its SR-IOV cards.
    public var pfs: [SimulatedPFSpec]
    /// CPUs given to one guest each, spread evenly over the NUMA nodes: the last ones of each.
    public var dedicatedCPUs = 0
    /// Reserved pages, spread evenly over the NUMA nodes; their memory is part of the host's.
    public var hugePages: [SimulatedPagesSpec] = []
    /// Sockets that the NUMA nodes are on, in their order; nil for one each.
    public var sockets: Int?
    /// How long guests that leave by live migration are on their way, in milliseconds.
    public var migrationMS = 0

    /// A host; see the fields.
    public init(
        name: String, cpus: Int, memoryMiB: Int,
        diskGiB: Int = SimulatedHostSpec.diskGiBDefault, numaNodes: Int = 1,
        zone: String = SimulatedHostSpec.zoneDefault, pfs: [SimulatedPFSpec] = []
    ) {
        self.name = name
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.diskGiB = diskGiB
        self.numaNodes = numaNodes
        self.zone = zone
        self.pfs = pfs
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, cpus, zone, pfs, sockets
        case memoryMiB = "memory_mib"
        case diskGiB = "disk_gib"
        case numaNodes = "numa_nodes"
        case dedicatedCPUs = "dedicated_cpus"
        case hugePages = "huge_pages"
        case migrationMS = "migration_ms"
    }
}

/// Huge pages of one size on a simulated host.
public struct SimulatedPagesSpec: Codable, Sendable, Equatable {
    /// Size of a page in KiB.
    public var sizeKiB: Int
    /// Pages of the whole host.
    public var count: Int

    /// `count` pages of `sizeKiB`.
    public init(sizeKiB: Int, count: Int) {
        self.sizeKiB = sizeKiB
        self.count = count
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case count
        case sizeKiB = "size_kib"
    }
}

/// One SR-IOV card of a simulated host.
public struct SimulatedPFSpec: Codable, Sendable, Equatable {
    /// Four hex digits.
    public var vendorID: String
    /// The PF's, four hex digits.
    public var productID: String
    /// The VFs', four hex digits.
    public var vfProductID: String
    /// The network it is wired to; nil for tunnelled networks.
    public var physicalNetwork: String?
    /// Number of VFs.
    public var vfs: Int
    /// How many of them, the first ones, carry a vDPA device.
    public var vdpa: Int
    /// NUMA node it is plugged into.
    public var numaNode: Int
    /// Whether its devices refuse other MACs than their own.
    public var fixedMAC: Bool

    /// A card; see the fields.
    public init(
        vendorID: String, productID: String, vfProductID: String, physicalNetwork: String?,
        vfs: Int, vdpa: Int, numaNode: Int = 0, fixedMAC: Bool = false
    ) {
        self.vendorID = vendorID
        self.productID = productID
        self.vfProductID = vfProductID
        self.physicalNetwork = physicalNetwork
        self.vfs = vfs
        self.vdpa = vdpa
        self.numaNode = numaNode
        self.fixedMAC = fixedMAC
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case vfs, vdpa
        case vendorID = "vendor_id"
        case productID = "product_id"
        case vfProductID = "vf_product_id"
        case physicalNetwork = "physical_network"
        case numaNode = "numa_node"
        case fixedMAC = "fixed_mac"
    }
}

/// The bounds of a fleet file.
public enum FleetLimits {
    /// Hosts of a fleet.
    public static let hosts = 1...10_000
    /// Characters of a host's name.
    public static let nameLength = 1...63
    /// CPU threads of a host.
    public static let cpus = 1...4096
    /// Memory of a host in MiB.
    public static let memoryMiB = 256...(64 << 20)
    /// Disk of a host in GiB.
    public static let diskGiB = 1...1_000_000
    /// NUMA nodes of a host.
    public static let numaNodes = 1...64
    /// Cards of a host.
    public static let pfs = 0...16
    /// Time that a live migration takes, in milliseconds.
    public static let migrationMS = 0...3_600_000
    /// Sizes of huge pages of a host.
    public static let hugePageSizes = 0...4
    /// Size of a huge page in KiB.
    public static let hugePageKiB = 64...(16 << 20)
    /// Huge pages of one size of a host.
    public static let hugePages = 0...(1 << 25)
    /// VFs of a card; they share the PF's bus.
    public static let vfs = 0...127
}
