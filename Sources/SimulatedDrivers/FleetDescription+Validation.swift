import JSON

extension FleetDescription {
    /// Reads and checks a fleet file's tree. Unknown keys, keys given twice, numbers out of
    /// bounds and names used twice are errors; all of them are told at once.
    public init(node: JSONValue) throws(FleetError) {
        var reader = FleetReader(node, entry: "fleet", keys: ["hosts"])
        var hosts: [SimulatedHostSpec] = []
        var names: Set<String> = []
        for (index, item) in reader.list("hosts", count: FleetLimits.hosts).enumerated() {
            let host = SimulatedHostSpec.read(item, index: index, &reader)
            if !names.insert(host.name).inserted {
                reader.refuse("hosts[\(index)]", "name '\(host.name)' is used twice")
            }
            hosts.append(host)
        }
        guard reader.problems.isEmpty else { throw .invalid(reader.problems) }
        self.init(hosts: hosts)
    }
}

extension SimulatedHostSpec {
    fileprivate static func read(
        _ node: JSONValue, index: Int, _ fleet: inout FleetReader
    ) -> SimulatedHostSpec {
        var reader = FleetReader(
            node, entry: "hosts[\(index)]", keys: CodingKeys.allCases.map(\.rawValue))
        let name = reader.text("name")
        if name.isEmpty {
            fleet.absorb(reader)
            return SimulatedHostSpec(name: "hosts[\(index)]", cpus: 1, memoryMiB: 1)
        }
        reader.entry += " (\(name.prefix(64)))"
        if !isHostName(name) {
            reader.refuse(
                "name", "'\(name)' is not 1 to 63 lower-case letters, digits, '-' and '.'")
        }
        let numaNodes = reader.integer("numa_nodes", in: FleetLimits.numaNodes, default: 1)
        var host = SimulatedHostSpec(
            name: name, cpus: reader.integer("cpus", in: FleetLimits.cpus),
            memoryMiB: reader.integer("memory_mib", in: FleetLimits.memoryMiB),
            diskGiB: reader.integer(
                "disk_gib", in: FleetLimits.diskGiB, default: diskGiBDefault),
            numaNodes: numaNodes, zone: reader.text("zone", default: zoneDefault))
        if host.cpus < numaNodes {
            reader.refuse("numa_nodes", "\(numaNodes) nodes need as many cpus")
        }
        host.migrationMS = reader.integer(
            "migration_ms", in: FleetLimits.migrationMS, default: 0)
        host.readNUMA(&reader)
        for (index, item) in reader.list("pfs", count: FleetLimits.pfs).enumerated() {
            host.pfs.append(SimulatedPFSpec.read(item, index, numaNodes: numaNodes, &reader))
        }
        fleet.absorb(reader)
        return host
    }

    private mutating func readNUMA(_ reader: inout FleetReader) {
        dedicatedCPUs = reader.integer("dedicated_cpus", in: 0...max(0, cpus), default: 0)
        let most = max(1, numaNodes)
        let sockets = reader.integer("sockets", in: 0...most, default: 0)
        self.sockets = sockets > 0 ? sockets : nil
        let pools = reader.list("huge_pages", count: FleetLimits.hugePageSizes)
        for (index, item) in pools.enumerated() {
            hugePages.append(SimulatedPagesSpec.read(item, index, &reader))
        }
        // No node may have more in pages than it has in memory.
        let perNodeKiB = hugePages.reduce(0) { $0 + ($1.count + most - 1) / most * $1.sizeKiB }
        if perNodeKiB > memoryMiB / most * 1_024 {
            reader.refuse(
                "huge_pages",
                "take \(perNodeKiB / 1_024) MiB of a node that has \(memoryMiB / most)")
        }
    }

    private static func isHostName(_ name: String) -> Bool {
        FleetLimits.nameLength.contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension SimulatedPagesSpec {
    fileprivate static func read(
        _ node: JSONValue, _ index: Int, _ host: inout FleetReader
    ) -> SimulatedPagesSpec {
        var reader = FleetReader(
            node, entry: "\(host.entry) huge_pages[\(index)]",
            keys: CodingKeys.allCases.map(\.rawValue))
        let size = reader.integer("size_kib", in: FleetLimits.hugePageKiB)
        if size & (size - 1) != 0 { reader.refuse("size_kib", "\(size) is no power of two") }
        let pages = SimulatedPagesSpec(
            sizeKiB: size, count: reader.integer("count", in: FleetLimits.hugePages))
        host.absorb(reader)
        return pages
    }
}

extension SimulatedPFSpec {
    fileprivate static func read(
        _ node: JSONValue, _ index: Int, numaNodes: Int, _ host: inout FleetReader
    ) -> SimulatedPFSpec {
        var reader = FleetReader(
            node, entry: "\(host.entry) pfs[\(index)]",
            keys: CodingKeys.allCases.map(\.rawValue))
        let vfs = reader.integer("vfs", in: FleetLimits.vfs)
        let card = SimulatedPFSpec(
            vendorID: reader.hexID("vendor_id"), productID: reader.hexID("product_id"),
            vfProductID: reader.hexID("vf_product_id"),
            physicalNetwork: reader.optionalText("physical_network"), vfs: vfs,
            vdpa: reader.countOrAll("vdpa", of: vfs),
            numaNode: reader.integer("numa_node", in: 0...(numaNodes - 1), default: 0),
            fixedMAC: reader.bool("fixed_mac", default: false))
        host.absorb(reader)
        return card
    }
}
