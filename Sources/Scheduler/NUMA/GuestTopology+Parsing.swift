import ComputeModel

/// The bounds of a guest's topology.
public enum TopologyLimits {
    /// NUMA nodes of a guest.
    public static let cellsMax = 8
    /// Size of a page in KiB: ordinary pages of x86 to the largest huge pages there are.
    public static let pageSizeKiB = 4...(16 << 20)
}

extension GuestTopology {
    /// Reads the NUMA wishes of a flavor (`hw:numa_nodes`, `hw:numa_cpus.N`, `hw:numa_mem.N`,
    /// `hw:cpu_policy`, `hw:cpu_thread_policy`, `hw:mem_page_size`) and of an image (the same with
    /// `hw_`). Nil when they ask for nothing of the kind. Dedicated CPUs, or a page size of any
    /// sort, make one node unless more are asked for.
    ///
    /// The flavor goes before the image, as in Nova: an image may add what the flavor leaves open,
    /// and repeat what it says. It is refused when it asks for dedicated CPUs that the flavor
    /// denies, for other nodes or threads, or for pages that the flavor doesn't open by `large` or
    /// `any`.
    ///
    /// - Parameters:
    ///   - vcpus: the flavor's.
    ///   - memoryMiB: the flavor's.
    public static func parse(
        extraSpecs: [String: String], imageProperties: [String: String], vcpus: Int,
        memoryMiB: Int
    ) throws(TopologyError) -> GuestTopology? {
        let wishes = TopologyWishes(extraSpecs: extraSpecs, imageProperties: imageProperties)
        let count = try wishes.nodeCount()
        let page = try wishes.pageSize()
        let policy = try wishes.cpuPolicy()
        let threads = try wishes.threadPolicy(policy)
        let nodes = NodeShares(
            cpus: try wishes.nodes("numa_cpus"), memory: try wishes.nodes("numa_mem"))
        if count == nil, let stray = nodes.first {
            throw .missing(
                key: "hw:numa_nodes", because: "'\(stray.key)' divides the guest into nodes")
        }
        guard count != nil || page != nil || policy == .dedicated else { return nil }
        var topology = GuestTopology(
            cells: try nodes.cells(
                count: count?.number ?? 1, key: count?.key ?? "hw:numa_nodes", vcpus: vcpus,
                memoryMiB: memoryMiB))
        topology.cpuPolicy = policy
        topology.threadPolicy = threads
        topology.pageSize = page?.demand ?? .small
        try page?.check(topology.cells)
        return topology
    }
}

extension NUMAAffinityPolicy {
    /// `hw:pci_numa_affinity_policy` of a flavor or `hw_pci_numa_affinity_policy` of an image; nil
    /// when neither says anything. A port's own policy goes before it, an alias's after it.
    public static func parse(
        extraSpecs: [String: String], imageProperties: [String: String]
    ) throws(TopologyError) -> NUMAAffinityPolicy? {
        let wishes = TopologyWishes(extraSpecs: extraSpecs, imageProperties: imageProperties)
        return try wishes.agreed("pci_numa_affinity_policy")?.choice(NUMAAffinityPolicy.self)
    }
}

extension TopologyWishes {
    fileprivate func nodeCount() throws(TopologyError) -> (number: Int, key: String)? {
        guard let wish = try agreed("numa_nodes") else { return nil }
        let most = TopologyLimits.cellsMax
        return (try wish.number(in: 1...most, "a number from 1 to \(most)"), wish.key)
    }

    /// An image may ask for dedicated CPUs unless the flavor says `shared`; what it says else
    /// changes nothing.
    fileprivate func cpuPolicy() throws(TopologyError) -> CPUPolicy {
        let image = image("cpu_policy")
        let imagePolicy = try image?.choice(CPUPolicy.self)
        guard let flavor = flavor("cpu_policy") else { return imagePolicy ?? .shared }
        let policy = try flavor.choice(CPUPolicy.self)
        if policy == .shared, imagePolicy == .dedicated, let image {
            throw conflict(image, flavor, expected: "'shared', or a flavor that doesn't say")
        }
        return policy
    }

    /// `prefer` of a flavor leaves the choice to the image.
    fileprivate func threadPolicy(_ policy: CPUPolicy) throws(TopologyError) -> CPUThreadPolicy {
        let flavor = flavor("cpu_thread_policy")
        let image = image("cpu_thread_policy")
        if policy == .shared, let stray = flavor ?? image {
            throw .missing(
                key: "hw:cpu_policy",
                because: "'\(stray.key)' is '\(stray.text)', which needs 'dedicated'")
        }
        let wanted = try flavor?.choice(CPUThreadPolicy.self) ?? .prefer
        guard let image else { return wanted }
        let asked = try image.choice(CPUThreadPolicy.self)
        if let flavor, wanted != .prefer, asked != wanted {
            throw conflict(image, flavor, expected: "'\(wanted.rawValue)', or none")
        }
        return asked
    }

    /// An image may only narrow what a flavor opened, since huge pages are scarce: `any` to
    /// whatever, `large` to a size.
    fileprivate func pageSize() throws(TopologyError) -> PageSizeWish? {
        let image = image("mem_page_size")
        guard let flavor = flavor("mem_page_size") else {
            guard let image else { return nil }
            throw .image(
                key: image.key, found: image.text, flavorKey: "hw:mem_page_size",
                flavorValue: nil, expected: "a flavor with 'large' or 'any'")
        }
        let wanted = try PageSizeWish(flavor)
        guard let image else { return wanted }
        let asked = try PageSizeWish(image)
        switch (wanted.demand, asked.demand) {
        case (.any, _), (.large, .size), (.large, .large): return asked
        case (let first, let second) where first == second: return wanted
        case (.large, _): throw conflict(image, flavor, expected: "'large', or a size")
        default: throw conflict(image, flavor, expected: "the same, or none")
        }
    }
}
