/// A NUMA cell of the host.
public struct NodeNUMACell: Sendable, Equatable {
    /// Huge pages of one size, as many as the host has reserved, used ones among them.
    public struct HugePages: Sendable, Equatable {
        /// Size of a page in KiB.
        public let sizeKiB: Int
        /// How many there are.
        public let count: Int
    }

    /// The kernel's node number.
    public let id: Int
    /// Memory in MiB; 0 if libvirt doesn't say.
    public let memoryMiB: Int
    /// Logical CPUs, in libvirt's order.
    public let cpuIDs: [Int]
    /// The socket of all its CPUs; nil if they are on several, or libvirt doesn't say.
    public internal(set) var socketID: Int?
    /// Threads of the same core, for cores that have more than one; ordered by their first.
    public internal(set) var siblings: [[Int]] = []
    /// Reserved huge pages, the smallest first.
    public internal(set) var hugePages: [HugePages] = []

    /// Reads the cells from libvirt's `<capabilities>` document.
    public static func cells(capabilities xml: String) throws(XMLError) -> [NodeNUMACell] {
        let root = try XMLNode.parse(xml)
        guard root.name == "capabilities" else {
            throw .unexpected(what: "capabilities", found: root.name)
        }
        let cells = root.descendant(["host", "topology", "cells"])?.all("cell") ?? []
        return try cells.map { cell throws(XMLError) in
            guard let id = cell["id"].flatMap({ Int($0) }) else {
                throw .unexpected(what: "cell id", found: cell["id"] ?? "")
            }
            let memory = cell.first("memory")
            let cpus = cell.first("cpus")?.all("cpu") ?? []
            var found = NodeNUMACell(
                id: id, memoryMiB: memory.map(Self.memoryMiB(element:)) ?? 0,
                cpuIDs: cpus.compactMap { $0.number("id") })
            let sockets = Set(cpus.map { $0.number("socket_id") })
            found.socketID = sockets.count == 1 ? sockets.first ?? nil : nil
            found.siblings = siblings(cpus)
            found.hugePages = hugePages(cell.all("pages"))
            return found
        }
    }

    /// libvirt writes KiB; any other unit is not guessed at.
    private static func memoryMiB(element: XMLNode) -> Int {
        guard element["unit"] == nil || element["unit"] == "KiB" else { return 0 }
        return (Int(element.text) ?? 0) / 1024
    }

    /// Each CPU names its core's threads, itself among them.
    private static func siblings(_ cpus: [XMLNode]) -> [[Int]] {
        let cores = Set(cpus.compactMap { $0["siblings"].flatMap(NumberList.numbers) })
        return cores.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
    }

    /// Every cell lists the ordinary page size too: it is the smallest.
    private static func hugePages(_ elements: [XMLNode]) -> [HugePages] {
        let pools = elements.compactMap { element -> HugePages? in
            guard element["unit"] == "KiB", let size = element.number("size"), size > 0,
                let count = Int(element.text), count >= 0
            else { return nil }
            return HugePages(sizeKiB: size, count: count)
        }.sorted { $0.sizeKiB < $1.sizeKiB }
        return pools.dropFirst().filter { $0.count > 0 }
    }
}

extension XMLNode {
    fileprivate func number(_ attribute: String) -> Int? { self[attribute].flatMap { Int($0) } }
}
