/// Where on its host a guest's vCPUs and memory lie, and the NUMA nodes that it sees. Empty: the
/// guest has no nodes, and the host's kernel puts it where it likes.
public struct DomainPlacement: Sendable, Equatable {
    /// A vCPU kept on some of the host's CPUs.
    public struct Pin: Sendable, Equatable {
        /// From 0.
        public var vcpu: Int
        /// The host's CPUs that it may run on, at least one.
        public var hostCPUs: [Int]

        /// `vcpu` runs on `hostCPUs` only.
        public init(vcpu: Int, hostCPUs: [Int]) {
            self.vcpu = vcpu
            self.hostCPUs = hostCPUs
        }
    }

    /// A NUMA node of the guest.
    public struct Cell: Sendable, Equatable {
        /// Its vCPUs, at least one.
        public var vcpus: [Int]
        /// Its memory in MiB; all nodes together have the guest's memory.
        public var memoryMiB: Int
        /// The node of the host that the memory comes from, and from no other.
        public var hostNode: Int
        /// Size of the huge pages behind it in KiB; nil for ordinary pages.
        public var hugePageKiB: Int?

        /// A node; see the properties.
        public init(vcpus: [Int], memoryMiB: Int, hostNode: Int, hugePageKiB: Int? = nil) {
            self.vcpus = vcpus
            self.memoryMiB = memoryMiB
            self.hostNode = hostNode
            self.hugePageKiB = hugePageKiB
        }
    }

    /// Host CPUs for vCPUs without a pin; empty for any.
    public var cpuSet: [Int]
    /// In the vCPUs' order.
    public var pins: [Pin]
    /// Host CPUs for QEMU's own threads; empty for those of `cpuSet`.
    public var emulatorCPUs: [Int]
    /// The guest's nodes, by number from 0.
    public var cells: [Cell]

    /// A placement; see the properties.
    public init(
        cpuSet: [Int] = [], pins: [Pin] = [], emulatorCPUs: [Int] = [], cells: [Cell] = []
    ) {
        self.cpuSet = cpuSet
        self.pins = pins
        self.emulatorCPUs = emulatorCPUs
        self.cells = cells
    }
}

extension DomainPlacement {
    /// Value of the `cpuset` attribute; nil leaves it out.
    var cpuSetText: String? { cpuSet.isEmpty ? nil : NumberList.text(cpuSet) }

    /// All memory is there before the guest runs. vDPA pins it anyway, and memory that comes page
    /// by page (as that of a guest restored or migrated does) lies in so many pieces that the
    /// kernel may refuse to map it for the device: `vhost_vdpa` has `max_iotlb_entries` for them.
    func memoryBacking() -> XMLNode {
        let allocation = XMLNode("allocation", ["mode": "immediate"])
        let sizes = Set(cells.compactMap(\.hugePageKiB)).sorted()
        guard !sizes.isEmpty else { return XMLNode("memoryBacking", children: [allocation]) }
        let pages = sizes.map { size in
            let nodes = cells.indices.filter { cells[$0].hugePageKiB == size }
            return XMLNode(
                "page",
                ["size": String(size), "unit": "KiB", "nodeset": NumberList.text(nodes)])
        }
        return XMLNode(
            "memoryBacking", children: [XMLNode("hugepages", children: pages), allocation])
    }

    func cpuTune() -> XMLNode? {
        var children = pins.map {
            XMLNode(
                "vcpupin", ["vcpu": String($0.vcpu), "cpuset": NumberList.text($0.hostCPUs)])
        }
        if !emulatorCPUs.isEmpty {
            children.append(XMLNode("emulatorpin", ["cpuset": NumberList.text(emulatorCPUs)]))
        }
        return children.isEmpty ? nil : XMLNode("cputune", children: children)
    }

    /// `strict`: memory that isn't there makes the start fail, instead of coming from far away.
    func numaTune() -> XMLNode? {
        guard !cells.isEmpty else { return nil }
        let all = Set(cells.map(\.hostNode)).sorted()
        let memory = XMLNode("memory", ["mode": "strict", "nodeset": NumberList.text(all)])
        let nodes = cells.enumerated().map { number, cell in
            XMLNode(
                "memnode",
                [
                    "cellid": String(number), "mode": "strict",
                    "nodeset": NumberList.text([cell.hostNode]),
                ])
        }
        return XMLNode("numatune", children: [memory] + nodes)
    }

    /// The nodes as the guest's firmware shows them.
    func guestNUMA() -> XMLNode? {
        guard !cells.isEmpty else { return nil }
        let nodes = cells.enumerated().map { number, cell in
            XMLNode(
                "cell",
                [
                    "id": String(number), "cpus": NumberList.text(cell.vcpus),
                    "memory": String(cell.memoryMiB), "unit": "MiB",
                ])
        }
        return XMLNode("numa", children: nodes)
    }
}

/// Lists of numbers as libvirt writes them: `0-3,8`.
enum NumberList {
    /// Largest number that is read.
    static let numberMax = 65_535

    /// Ascending, neighbours joined.
    static func text(_ numbers: [Int]) -> String {
        var parts: [ClosedRange<Int>] = []
        for number in Set(numbers).sorted() {
            if let last = parts.last, last.upperBound + 1 == number {
                parts[parts.count - 1] = last.lowerBound...number
            } else {
                parts.append(number...number)
            }
        }
        return parts.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: ",")
    }

    /// Ascending, each once; nil for what is no such list.
    static func numbers(_ text: String) -> [Int]? {
        var found: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { Int($0) ?? -1 }
            guard (1...2).contains(ends.count), ends.allSatisfy({ (0...numberMax).contains($0) }),
                ends[0] <= ends[ends.count - 1]
            else { return nil }
            found.formUnion(ends[0]...ends[ends.count - 1])
        }
        return found.sorted()
    }
}
