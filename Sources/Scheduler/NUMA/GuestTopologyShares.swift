import ComputeModel

/// `hw:numa_cpus.N` and `hw:numa_mem.N`: what each node of a guest gets.
struct NodeShares {
    /// By the text that stands for N.
    let cpus: [String: TopologyWishes.Wish]
    /// By the text that stands for N.
    let memory: [String: TopologyWishes.Wish]

    /// Some key, if there is one: the first by name.
    var first: TopologyWishes.Wish? {
        (Array(cpus.values) + Array(memory.values)).min { $0.key < $1.key }
    }

    /// `count` nodes of a guest: as the keys say, or of equal size without any. `key` is where
    /// `count` was given.
    func cells(
        count: Int, key: String, vcpus: Int, memoryMiB: Int
    ) throws(TopologyError) -> [GuestCell] {
        guard first != nil else {
            return try equalCells(count: count, key: key, vcpus: vcpus, memoryMiB: memoryMiB)
        }
        try checkNodes(count)
        var owners: [Int: String] = [:]
        var cells: [GuestCell] = []
        for node in 0..<count {
            let cpuWish = try wish(cpus, "hw:numa_cpus.\(node)", node)
            let memoryWish = try wish(memory, "hw:numa_mem.\(node)", node)
            let numbers = try Self.numbers(cpuWish, vcpus: vcpus)
            for number in numbers {
                if let other = owners.updateValue(cpuWish.key, forKey: number) {
                    throw cpuWish.refused("no vCPU of '\(other)', which has \(number) too")
                }
            }
            let share = try memoryWish.number(
                in: 1...max(1, memoryMiB), "1 to the flavor's \(memoryMiB) MiB")
            cells.append(GuestCell(vcpus: numbers, memoryMiB: share))
        }
        if let missing = (0..<vcpus).first(where: { owners[$0] == nil }) {
            throw .value(
                key: "hw:numa_cpus.\(count - 1)", found: cpus["\(count - 1)"]?.text ?? "",
                expected: "each of the flavor's \(vcpus) vCPUs in one node; \(missing) is in none")
        }
        let sum = cells.reduce(0) { $0 + $1.memoryMiB }
        guard sum == memoryMiB else {
            throw .value(
                key: "hw:numa_mem.\(count - 1)", found: memory["\(count - 1)"]?.text ?? "",
                expected: "all nodes together to have the flavor's \(memoryMiB) MiB, not \(sum)")
        }
        return cells
    }

    private func equalCells(
        count: Int, key: String, vcpus: Int, memoryMiB: Int
    ) throws(TopologyError) -> [GuestCell] {
        guard vcpus % count == 0, memoryMiB % count == 0 else {
            let what = vcpus % count == 0 ? "\(memoryMiB) MiB" : "\(vcpus) vCPUs"
            throw .value(
                key: key, found: "\(count)",
                expected: "a number that divides the flavor's \(what), or 'hw:numa_cpus.N' and"
                    + " 'hw:numa_mem.N' for each node")
        }
        let share = vcpus / count
        return (0..<count).map {
            GuestCell(
                vcpus: Array($0 * share..<($0 + 1) * share), memoryMiB: memoryMiB / count)
        }
    }

    /// A node that the guest doesn't have is a mistake, not something to pass over.
    private func checkNodes(_ count: Int) throws(TopologyError) {
        let known = Set((0..<count).map { "\($0)" })
        let stray = (Array(cpus) + Array(memory)).filter { !known.contains($0.key) }
            .map(\.value).min { $0.key < $1.key }
        guard let stray else { return }
        throw .value(
            key: stray.key, found: stray.text,
            expected: "a node from 0 to \(count - 1) in the key, as 'hw:numa_nodes' is \(count)")
    }

    private func wish(
        _ wishes: [String: TopologyWishes.Wish], _ key: String, _ node: Int
    ) throws(TopologyError) -> TopologyWishes.Wish {
        guard let wish = wishes["\(node)"] else {
            throw .missing(
                key: key, because: "'\(first?.key ?? "")' is given, so every node needs both")
        }
        return wish
    }

    private static func numbers(
        _ wish: TopologyWishes.Wish, vcpus: Int
    ) throws(TopologyError) -> [Int] {
        guard let numbers = CPUSet(wish.text)?.numbers, let last = numbers.last, last < vcpus
        else {
            throw wish.refused("vCPUs from 0 to \(vcpus - 1), such as '0-1,3'")
        }
        return numbers
    }
}
