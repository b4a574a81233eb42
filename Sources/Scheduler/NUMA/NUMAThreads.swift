import ComputeModel

/// The CPUs of a NUMA cell that can still be dedicated, core by core.
struct DedicatedCPUs: Sendable {
    /// CPUs for the vCPUs of one guest node.
    struct Taken: Equatable {
        /// In the order of the vCPUs.
        var cpus: [Int] = []
        /// Threads that stay idle beside them, ascending.
        var idle: [Int] = []

        /// No idle ones: CPUs by core, the core with the lowest first.
        init(_ groups: [[Int]]) {
            cpus = groups.sorted { ($0.first ?? 0) < ($1.first ?? 0) }.flatMap(\.self)
        }
    }

    private struct Core: Sendable {
        /// All its threads in the cell.
        let threads: [Int]
        /// Those that nobody has, ascending.
        let free: [Int]

        var isWhole: Bool { free.count == threads.count }
        var first: Int { free.first ?? 0 }
    }

    /// Cores with a free thread, by their lowest free one.
    private let cores: [Core]

    /// What is left of the cell's dedicated CPUs after `taken`.
    init(_ cell: NUMACell, taken: Set<Int>) {
        let all = Set(cell.cpus)
        let free = Set(cell.dedicatedCPUs ?? []).intersection(all).subtracting(taken)
        var rest = free.isEmpty ? [] : all
        var cores: [Core] = []
        func add(_ threads: [Int]) {
            let left = threads.filter(free.contains)
            rest.subtract(threads)
            if !left.isEmpty { cores.append(Core(threads: threads, free: left)) }
        }
        for siblings in cell.threadSiblings ?? [] {
            add(Set(siblings).intersection(rest).sorted())
        }
        for cpu in rest.sorted() { add([cpu]) }
        self.cores = cores.sorted { $0.first < $1.first }
    }

    /// How many there are.
    var count: Int { cores.reduce(0) { $0 + $1.free.count } }

    /// How many vCPUs a guest node with this policy can have at most. It can have any smaller
    /// number too.
    func most(_ policy: CPUThreadPolicy) -> Int {
        switch policy {
        case .prefer: return count
        case .isolate: return cores.count(where: \.isWhole)
        case .require:
            let threaded = cores.filter { $0.threads.count > 1 }
            let single = threaded.contains { $0.free.count == 1 } ? 1 : 0
            return threaded.reduce(single) { $0 + ($1.free.count > 1 ? $1.free.count : 0) }
        }
    }

    /// CPUs for `count` vCPUs; nil when there are too few.
    ///
    /// `prefer` takes whole cores and leaves as few broken ones as it can. `require` does so on
    /// cores with several threads, and lets at most one vCPU, the last of an odd number, be alone
    /// on its core. `isolate` takes one thread of cores of which nobody has any.
    func take(_ count: Int, _ policy: CPUThreadPolicy) -> Taken? {
        guard count <= most(policy) else { return nil }
        switch policy {
        case .prefer: return Self.packed(count, on: cores).map { Taken($0) }
        case .isolate:
            let whole = cores.filter(\.isWhole).sorted {
                ($0.threads.count, $0.first) < ($1.threads.count, $1.first)
            }
            let chosen = whole.prefix(count).sorted { $0.first < $1.first }
            var taken = Taken(chosen.map { [$0.first] })
            taken.idle = chosen.flatMap { $0.free.dropFirst() }.sorted()
            return taken
        case .require: return Self.paired(count, on: cores.filter { $0.threads.count > 1 })
        }
    }

    private static func paired(_ count: Int, on threaded: [Core]) -> Taken? {
        let several = threaded.filter { $0.free.count > 1 }
        // The odd one goes to a core that is broken anyway.
        if count % 2 == 1, let broken = threaded.first(where: { $0.free.count == 1 }),
            let pairs = packed(count - 1, on: several), !pairs.contains(where: { $0.count == 1 })
        {
            return Taken(pairs + [broken.free])
        }
        return (packed(count, on: several) ?? packed(count, on: threaded)).map { Taken($0) }
    }

    /// Whole cores as long as they fit, the largest first; the rest on the smallest core that has
    /// room for all of it.
    private static func packed(_ count: Int, on cores: [Core]) -> [[Int]]? {
        var left = count
        var chosen: [[Int]] = []
        var unused: [Core] = []
        let order = cores.sorted { ($1.free.count, $0.first) < ($0.free.count, $1.first) }
        for core in order {
            if core.free.count <= left {
                chosen.append(core.free)
                left -= core.free.count
            } else {
                unused.append(core)
            }
        }
        if left > 0 {
            let smallest = unused.min { ($0.free.count, $0.first) < ($1.free.count, $1.first) }
            guard let smallest else { return nil }
            chosen.append(Array(smallest.free.prefix(left)))
        }
        return chosen
    }
}
