/// Chooses the host cells of a guest, one for each of its nodes.
///
/// Which cells can be used together is a matching of nodes and cells; by Mendelsohn and Dulmage a
/// set of cells that can be matched is part of one that serves all nodes, if there is one at all.
/// So the search adds cell after cell to a set, the best first, and never needs to undo a cell for
/// the nodes' sake: only for needs of devices. While one of those isn't met only cells that bring
/// it forward are tried, and a branch ends when the cells left can't bring enough.
///
/// Bound: at most `stepsMax` sets are looked at, each once; a step costs nodes * cells * needs. At
/// most `refusalsMax` complete sets are shown to the caller.
struct NUMASearch {
    enum Outcome: Equatable {
        case found(CellMask)
        case none
        case ended(steps: Int)
    }

    /// What makes a cell a better choice than another that is as near to the devices; less is
    /// better, the first number counts most.
    typealias Merit = (devices: Int, room: Int)

    static let stepsMax = 2_000
    static let refusalsMax = 64

    /// For each node the cells that can take it.
    let takers: [CellMask]
    let needs: [Nearness]
    /// By position.
    let merits: [Merit]
    /// Has the last word on a complete set.
    let accepts: (CellMask) -> Bool
    private var seen: Set<CellMask> = []
    private var steps = 0
    private var refusals = 0

    private var isSpent: Bool { steps >= Self.stepsMax || refusals >= Self.refusalsMax }

    init(
        takers: [CellMask], needs: [Nearness], merits: [Merit],
        accepts: @escaping (CellMask) -> Bool
    ) {
        self.takers = takers
        self.needs = needs
        self.merits = merits
        self.accepts = accepts
    }

    /// The first set that meets all needs.
    mutating func run() -> Outcome {
        if let found = extend(0) { return .found(found) }
        return isSpent ? .ended(steps: steps) : .none
    }

    private mutating func extend(_ chosen: CellMask) -> CellMask? {
        guard !isSpent, seen.insert(chosen).inserted else { return nil }
        steps += 1
        let left = takers.count - chosen.nonzeroBitCount
        let unmet = needs.filter { $0.missing(chosen) > 0 }
        if left == 0 {
            guard unmet.isEmpty else { return nil }
            if accepts(chosen) { return chosen }
            refusals += 1
            return nil
        }
        let open = merits.indices.filter { chosen & (1 << CellMask($0)) == 0 }
        for need in unmet where !canMeet(need, chosen, open, left) { return nil }
        let useful = open.filter { unmet.first?.gain(chosen, 1 << CellMask($0)) != 0 }
        for position in ranked(useful, chosen) {
            let next = chosen | 1 << CellMask(position)
            guard NodeMatching.canUse(next, takers) else { continue }
            if let found = extend(next) { return found }
        }
        return nil
    }

    /// Gains only shrink as cells are added, so the best `left` of them are all that can come.
    private func canMeet(
        _ need: Nearness, _ chosen: CellMask, _ open: [Int], _ left: Int
    ) -> Bool {
        let gains = open.map { need.gain(chosen, 1 << CellMask($0)) }.sorted(by: >)
        return gains.prefix(left).reduce(0, +) >= need.missing(chosen)
    }

    private func ranked(_ positions: [Int], _ chosen: CellMask) -> [Int] {
        let comforts = Dictionary(
            uniqueKeysWithValues: positions.map { position in
                let with = chosen | 1 << CellMask(position)
                return (position, needs.reduce(0) { $0 + $1.comfort(with) })
            })
        return positions.sorted { left, right in
            let nearer = (comforts[right] ?? 0, comforts[left] ?? 0)
            let one = (nearer.0, merits[left].devices, merits[left].room, left)
            let two = (nearer.1, merits[right].devices, merits[right].room, right)
            return one < two
        }
    }
}

/// Which node of a guest goes to which cell.
enum NodeMatching {
    /// Whether each of these cells can have a node of its own.
    static func canUse(_ cells: CellMask, _ takers: [CellMask]) -> Bool {
        var cellOfNode = [Int?](repeating: nil, count: takers.count)
        return positions(cells).allSatisfy { cell in
            var tried: Set<Int> = []
            return place(cell, takers, &cellOfNode, &tried)
        }
    }

    /// Most cells that can have a node of their own.
    static func size(_ takers: [CellMask]) -> Int {
        var cellOfNode = [Int?](repeating: nil, count: takers.count)
        return positions(takers.reduce(0, |)).count { cell in
            var tried: Set<Int> = []
            return place(cell, takers, &cellOfNode, &tried)
        }
    }

    /// The cell of each node, the first nodes on the lowest cells; nil if they can't all have one.
    static func assign(_ cells: CellMask, _ takers: [CellMask]) -> [Int]? {
        var takers = takers.map { $0 & cells }
        for node in takers.indices {
            let fixed = positions(takers[node]).first { cell in
                var attempt = takers
                attempt[node] = 1 << CellMask(cell)
                return size(attempt) == takers.count
            }
            guard let fixed else { return nil }
            takers[node] = 1 << CellMask(fixed)
        }
        return takers.map(\.trailingZeroBitCount)
    }

    /// Positions in a set, ascending.
    static func positions(_ cells: CellMask) -> [Int] {
        (0..<CellMask.bitWidth).filter { cells & (1 << CellMask($0)) != 0 }
    }

    private static func place(
        _ cell: Int, _ takers: [CellMask], _ cellOfNode: inout [Int?], _ tried: inout Set<Int>
    ) -> Bool {
        for node in takers.indices where takers[node] & (1 << CellMask(cell)) != 0 {
            guard tried.insert(node).inserted else { continue }
            let other = cellOfNode[node]
            if other == nil || place(other ?? cell, takers, &cellOfNode, &tried) {
                cellOfNode[node] = cell
                return true
            }
        }
        return false
    }
}
