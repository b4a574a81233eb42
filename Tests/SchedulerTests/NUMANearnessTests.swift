import ComputeModel
import Scheduler
import Testing

/// A guest of `nodes` nodes on four cells, two a socket; `full` has no memory left.
private struct NearCase: CustomTestStringConvertible, Sendable {
    var nodes = 1
    var full: Set<Int> = []
    var freeDevices: [Int: Int] = [:]
    let needs: [DeviceNeed]
    let cells: [Int]?

    var testDescription: String {
        needs.map { "\($0.count) \($0.policy) of \($0.free)" }.joined(separator: ", ")
            + " -> \(cells.map { "\($0)" } ?? "no")"
    }
}

@Suite("NUMA nodes near devices")
struct NUMANearnessTests {
    private typealias Sample = NUMASample

    @Test(
        arguments: [
            NearCase(needs: [DeviceNeed(free: [2: 1], policy: .required)], cells: [2]),
            NearCase(needs: [DeviceNeed(free: [2: 1], policy: .legacy)], cells: [2]),
            NearCase(needs: [DeviceNeed(free: [2: 1], policy: .preferred)], cells: [2]),
            NearCase(needs: [DeviceNeed(free: [2: 1], policy: .socket)], cells: [2]),
            NearCase(full: [2], needs: [DeviceNeed(free: [2: 1], policy: .required)], cells: nil),
            NearCase(full: [2], needs: [DeviceNeed(free: [2: 1], policy: .legacy)], cells: nil),
            NearCase(full: [2], needs: [DeviceNeed(free: [2: 1], policy: .preferred)], cells: [3]),
            NearCase(full: [2], needs: [DeviceNeed(free: [2: 1], policy: .socket)], cells: [3]),
            NearCase(
                full: [2, 3], needs: [DeviceNeed(free: [2: 1], policy: .preferred)], cells: [0]),
            NearCase(
                full: [2, 3], needs: [DeviceNeed(free: [2: 1], policy: .socket)], cells: nil),
            // Devices of unknown nodes.
            NearCase(needs: [DeviceNeed(free: [nil: 1], policy: .required)], cells: nil),
            NearCase(needs: [DeviceNeed(free: [nil: 1], policy: .socket)], cells: nil),
            NearCase(needs: [DeviceNeed(free: [nil: 1], policy: .legacy)], cells: [0]),
            NearCase(needs: [DeviceNeed(free: [nil: 1], policy: .preferred)], cells: [0]),
            NearCase(needs: [DeviceNeed(free: [9: 1], policy: .required)], cells: nil),
            // Several devices.
            NearCase(
                needs: [DeviceNeed(free: [0: 1, 3: 2], count: 2, policy: .required)], cells: [3]),
            NearCase(
                needs: [DeviceNeed(free: [0: 1, 3: 1], count: 2, policy: .required)], cells: nil),
            NearCase(
                needs: [DeviceNeed(free: [0: 1, 3: 1, nil: 1], count: 2, policy: .legacy)],
                cells: [0]),
            NearCase(
                needs: [DeviceNeed(free: [2: 1, 3: 1], count: 2, policy: .socket)], cells: [2]),
            NearCase(
                nodes: 2, needs: [DeviceNeed(free: [0: 1, 3: 1], count: 2, policy: .required)],
                cells: [0, 3]),
            NearCase(
                nodes: 2,
                needs: [
                    DeviceNeed(free: [3: 1], policy: .required),
                    DeviceNeed(free: [1: 4], policy: .preferred),
                ], cells: [1, 3]),
            NearCase(
                needs: [
                    DeviceNeed(free: [1: 1, 2: 1], policy: .required),
                    DeviceNeed(free: [2: 1, 3: 1], policy: .required),
                ], cells: [2]),
            NearCase(
                needs: [
                    DeviceNeed(free: [1: 1], policy: .required),
                    DeviceNeed(free: [2: 1], policy: .required),
                ], cells: nil),
            NearCase(
                needs: [
                    DeviceNeed(free: [1: 1], policy: .required),
                    DeviceNeed(free: [2: 1], policy: .preferred),
                ], cells: [1]),
            // What is left over keeps away from cells with devices.
            NearCase(
                nodes: 2, freeDevices: [0: 1, 1: 1, 2: 1],
                needs: [DeviceNeed(free: [0: 1, 1: 1], policy: .required)], cells: [0, 3]),
            NearCase(needs: [DeviceNeed(free: [:], count: 0, policy: .required)], cells: [0]),
        ])
    private func near(_ line: NearCase) {
        let cells = (0..<4).map { number in
            Sample.cell(number) { if line.full.contains(number) { $0.memoryMiB = 0 } }
        }
        let topology = Sample.topology(Array(repeating: (1, 512), count: line.nodes))
        let fit = Sample.host(cells, freeDevices: line.freeDevices).fit(
            topology, near: line.needs)
        #expect(fit.hostCells == line.cells)
    }

    @Test("without sockets, `socket` finds nothing and `preferred` only the cell itself")
    func noSockets() {
        let cells = (0..<2).map { Sample.cell($0) { $0.socket = nil } }
        func fit(_ policy: NUMAAffinityPolicy) -> [Int]? {
            Sample.host(cells).fit(
                Sample.topology([(1, 1)]), near: [DeviceNeed(free: [1: 1], policy: policy)]
            ).hostCells
        }
        #expect(fit(.socket) == nil)
        #expect(fit(.preferred) == [1])
    }

    @Test("the last word of the caller, who knows which device can serve what")
    func accepting() {
        let host = Sample.host((0..<4).map { Sample.cell($0) })
        let need = DeviceNeed(free: [0: 1, 1: 1, 2: 1], policy: .required)
        var asked: [[Int]] = []
        let fit = host.fit(Sample.topology([(1, 1)]), near: [need]) {
            asked.append($0)
            return $0 == [2]
        }
        #expect(fit.hostCells == [2])
        #expect(asked == [[0], [1], [2]])
        let none = host.fit(Sample.topology([(1, 1)]), near: [need]) { _ in false }
        #expect(none.shortage?.category == "no NUMA node with room near a free device")
    }

    @Test("why not")
    func shortage() {
        let cells = [
            Sample.cell(0), Sample.cell(1) { $0.dedicatedCPUs = [12, 13, 14] },
        ]
        let fit = Sample.host(cells).fit(
            Sample.topology([(4, 256)], .dedicated),
            near: [DeviceNeed(free: [1: 1], policy: .required)])
        #expect(fit.shortage?.category == "no NUMA node with room near a free device")
        #expect(
            fit.shortage?.description == "no choice of NUMA cells with room is as near to free"
                + " devices as policy 'required' demands: cell 0: no free device on it or near"
                + " enough to it; cell 1: 3 dedicated CPUs free, 4 wanted")
    }

    @Test("guests without a topology are kept near devices only where the policy demands it")
    func locality() throws {
        let host = Sample.host((0..<4).map { Sample.cell($0) })
        for policy in [NUMAAffinityPolicy.legacy, .preferred] {
            let need = DeviceNeed(free: [2: 1], policy: policy)
            #expect(try host.locality(near: [need], vcpus: 2, memoryMiB: 512).get() == nil)
        }
        for policy in [NUMAAffinityPolicy.required, .socket] {
            let need = DeviceNeed(free: [2: 1], policy: policy)
            #expect(
                try host.locality(near: [need], vcpus: 2, memoryMiB: 512).get()
                    == NUMAPlacement(cells: [
                        NUMACellPlacement(hostCell: 2, vcpus: [0, 1], memoryMiB: 512)
                    ]))
        }
        let lost = host.locality(
            near: [DeviceNeed(free: [nil: 1], policy: .required)], vcpus: 2, memoryMiB: 512)
        #expect(throws: NUMAShortage.self) { _ = try lost.get() }
    }

    @Test("64 cells with needs that contradict each other end at the bound")
    func bound() {
        let cells = (0..<64).map { Sample.cell($0) }
        let guest = Sample.topology(Array(repeating: (1, 1), count: 8))
        let needs = (0..<9).map { turn in
            DeviceNeed(
                free: Dictionary(
                    uniqueKeysWithValues: (0..<64).filter { $0 % 9 == turn }.map { ($0, 1) }),
                policy: .required)
        }
        let shortage = Sample.host(cells).fit(guest, near: needs).shortage
        #expect(shortage == .searchEnded(choices: 2_000))
        let eight = Sample.host(cells).fit(guest, near: Array(needs.dropLast()))
        #expect(eight.hostCells?.map { $0 % 9 }.sorted() == Array(0..<8))
    }
}
