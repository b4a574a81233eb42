/// A NUMA cell of the host.
public struct NodeNUMACell: Sendable, Equatable {
    /// The kernel's node number.
    public let id: Int
    /// Memory in MiB; 0 if libvirt doesn't say.
    public let memoryMiB: Int
    /// Logical CPUs, in libvirt's order.
    public let cpuIDs: [Int]

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
            return NodeNUMACell(
                id: id, memoryMiB: memory.map(Self.memoryMiB(element:)) ?? 0,
                cpuIDs: cpus.compactMap { $0["id"].flatMap { Int($0) } })
        }
    }

    /// libvirt writes KiB; any other unit is not guessed at.
    private static func memoryMiB(element: XMLNode) -> Int {
        guard element["unit"] == nil || element["unit"] == "KiB" else { return 0 }
        return (Int(element.text) ?? 0) / 1024
    }
}
