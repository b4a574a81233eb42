import ComputeModel
import Foundation
import Scheduler
import TestSupport
import Testing

@Suite("NUMA placement, random hosts")
struct NUMARandomTests {
    private typealias Sample = NUMASample

    @Test(
        "no CPU and no page is given twice, policies hold, and no is the truth",
        arguments: 0..<300)
    func random(_ seed: Int) throws {
        var chance = SeededRandom(seed: UInt64(seed))
        let cells = Self.cells(&chance)
        let ratio = chance.pick([1, 1.5, 4])
        var claims: [Claim] = []
        for _ in 0..<14 {
            let topology = Self.topology(&chance)
            let needs = Self.needs(cells.count, &chance)
            let host = Sample.host(cells, claims, ratio: ratio)
            let reference = NUMAReference(cells: cells, claims: claims, ratio: ratio)
            let fit = host.fit(topology, near: needs)
            #expect(fit == host.fit(topology, near: needs))
            #expect((fit.hostCells != nil) == reference.fits(topology, needs))
            if let placed = try? fit.get() {
                #expect(reference.isNear(placed.hostCells, needs))
                Self.expect(placed, carries: topology, on: cells)
                claims.append(Sample.claim(placed))
            } else {
                #expect(fit.shortage?.category.isEmpty == false)
                #expect(fit.shortage?.description.isEmpty == false)
            }
            if chance.number(0...3) == 0 {
                claims.append(
                    Sample.claim(
                        nil, vcpus: chance.number(1...4), memoryMiB: chance.number(1...1_024)))
            }
            if chance.number(0...4) == 0, !claims.isEmpty {
                claims.remove(at: chance.number(0...claims.count - 1))
            }
            Self.expectNothingTwice(claims, cells, ratio)
        }
    }

    // MARK: Chance

    private static func cells(_ chance: inout SeededRandom) -> [NUMACell] {
        let threads = chance.pick([1, 2, 2, 3])
        let knowsSockets = chance.number(0...3) > 0
        return (0..<chance.number(1...4)).map { number in
            let id = number + (number > 1 ? 3 : 0)
            let cores = (0..<chance.number(0...4)).map { core in
                (0..<threads).map { id * 100 + core * threads + $0 }
            }
            var cell = NUMACell(
                id: id, cpus: cores.flatMap(\.self), memoryMiB: chance.number(0...4) * 1_024)
            cell.dedicatedCPUs = Array(
                cell.cpus.shuffled(using: &chance).prefix(chance.number(0...6)))
            cell.threadSiblings = threads > 1 ? cores : nil
            cell.socket = knowsSockets ? id / 2 : nil
            let pages = cell.memoryMiB / 4 / 2
            cell.hugePages = chance.pick([
                nil, [], [HugePagePool(pageSizeKiB: 2_048, count: pages)],
            ])
            return cell
        }
    }

    private static func topology(_ chance: inout SeededRandom) -> GuestTopology {
        let nodes = (0..<chance.pick([1, 1, 1, 2, 2, 3])).map { _ in
            (vcpus: chance.number(1...4), memoryMiB: chance.number(1...6) * 128)
        }
        return Sample.topology(
            nodes, chance.pick(CPUPolicy.allCases), chance.pick(CPUThreadPolicy.allCases),
            chance.pick([.small, .small, .large, .any, .size(kib: 2_048), .size(kib: 1 << 20)])
        )
    }

    private static func needs(_ cells: Int, _ chance: inout SeededRandom) -> [DeviceNeed] {
        (0..<chance.pick([0, 1, 1, 2, 3])).map { _ in
            var free: [Int?: Int] = [:]
            for _ in 0..<chance.number(0...3) {
                free[chance.pick([nil, 0, 1, 4, 5, 6, 9])] = chance.number(0...2)
            }
            return DeviceNeed(
                free: free, count: chance.number(1...2),
                policy: chance.pick(NUMAAffinityPolicy.allCases))
        }
    }

    // MARK: Expectations

    private static func expect(
        _ placed: NUMAPlacement, carries topology: GuestTopology, on cells: [NUMACell]
    ) {
        #expect(placed.cells.map(\.vcpus) == topology.cells.map(\.vcpus))
        #expect(placed.cells.map(\.memoryMiB) == topology.cells.map(\.memoryMiB))
        #expect(Set(placed.cells.map(\.hostCell)).count == placed.cells.count)
        for node in placed.cells {
            let dedicated = cells.first { $0.id == node.hostCell }?.dedicatedCPUs ?? []
            let isPinned = topology.cpuPolicy == .dedicated
            #expect(node.pins.map(\.vcpu) == (isPinned ? node.vcpus : []))
            #expect(Set(node.pins.map(\.hostCPU)).isSubset(of: dedicated))
        }
    }

    private static func expectNothingTwice(
        _ claims: [Claim], _ cells: [NUMACell], _ ratio: Double
    ) {
        let pinned = claims.flatMap { $0.numa?.pinnedCPUs ?? [] }
        #expect(Set(pinned).count == pinned.count)
        let reference = NUMAReference(cells: cells, claims: claims, ratio: ratio)
        for cell in cells {
            let nodes = claims.flatMap { $0.numa?.cells ?? [] }.filter { $0.hostCell == cell.id }
            let floating = nodes.filter(\.pins.isEmpty).reduce(0) { $0 + $1.vcpus.count }
            #expect(Double(floating) <= Double(reference.sharedCPUs(cell)) * ratio)
            #expect(reference.ordinaryRoom(cell) >= 0)
            for pool in cell.hugePages ?? [] {
                let used = nodes.filter { $0.pageSizeKiB == pool.pageSizeKiB }
                    .reduce(0) { $0 + $1.memoryMiB * 1_024 / pool.pageSizeKiB }
                #expect(used <= pool.count)
            }
        }
    }
}
