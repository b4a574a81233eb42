import ComputeModel
import Scheduler
import Testing

/// A guest with dedicated CPUs on one cell of 8 CPUs, of which `taken` are somebody's.
private struct ThreadCase: CustomTestStringConvertible, Sendable {
    let policy: CPUThreadPolicy
    let vcpus: Int
    var taken: [Int] = []
    var siblings: [[Int]]? = [[0, 4], [1, 5], [2, 6], [3, 7]]
    let cpus: [Int]?
    var idle: [Int]?

    var testDescription: String {
        "\(vcpus) \(policy) beside \(taken) -> \(cpus.map { "\($0)" } ?? "no")"
    }
}

@Suite("threads of dedicated CPUs")
struct NUMAThreadTests {
    private typealias Sample = NUMASample

    @Test(
        arguments: [
            ThreadCase(policy: .prefer, vcpus: 1, cpus: [0]),
            ThreadCase(policy: .prefer, vcpus: 2, cpus: [0, 4]),
            ThreadCase(policy: .prefer, vcpus: 3, cpus: [0, 4, 1]),
            ThreadCase(policy: .prefer, vcpus: 1, taken: [2], cpus: [6]),
            ThreadCase(policy: .prefer, vcpus: 2, taken: [0, 1], cpus: [2, 6]),
            ThreadCase(policy: .prefer, vcpus: 3, taken: [0, 1], cpus: [2, 6, 4]),
            ThreadCase(policy: .prefer, vcpus: 4, taken: [0, 1, 2, 3], cpus: [4, 5, 6, 7]),
            ThreadCase(policy: .prefer, vcpus: 8, cpus: [0, 4, 1, 5, 2, 6, 3, 7]),
            ThreadCase(policy: .prefer, vcpus: 8, taken: [0], cpus: nil),
            ThreadCase(policy: .prefer, vcpus: 3, siblings: nil, cpus: [0, 1, 2]),
            ThreadCase(policy: .require, vcpus: 2, cpus: [0, 4]),
            ThreadCase(policy: .require, vcpus: 2, taken: [0, 1, 2, 3], cpus: nil),
            ThreadCase(policy: .require, vcpus: 1, taken: [0, 1, 2, 3], cpus: [4]),
            ThreadCase(policy: .require, vcpus: 3, taken: [0, 1], cpus: [2, 6, 4]),
            ThreadCase(policy: .require, vcpus: 3, cpus: [0, 4, 1]),
            ThreadCase(policy: .require, vcpus: 5, taken: [0, 1], cpus: [2, 6, 3, 7, 4]),
            ThreadCase(policy: .require, vcpus: 6, taken: [0, 1], cpus: nil),
            ThreadCase(policy: .require, vcpus: 1, siblings: nil, cpus: nil),
            ThreadCase(
                policy: .require, vcpus: 4, taken: [6, 7],
                siblings: [[0, 1, 2], [3, 4, 5], [6, 7]], cpus: [0, 1, 2, 3]),
            ThreadCase(policy: .isolate, vcpus: 2, cpus: [0, 1], idle: [4, 5]),
            ThreadCase(policy: .isolate, vcpus: 2, taken: [0, 6], cpus: [1, 3], idle: [5, 7]),
            ThreadCase(policy: .isolate, vcpus: 4, cpus: [0, 1, 2, 3], idle: [4, 5, 6, 7]),
            ThreadCase(policy: .isolate, vcpus: 4, taken: [7], cpus: nil),
            ThreadCase(policy: .isolate, vcpus: 3, siblings: nil, cpus: [0, 1, 2]),
            ThreadCase(
                policy: .isolate, vcpus: 2, siblings: [[0, 1, 2], [3, 4, 5], [6, 7]],
                cpus: [0, 6], idle: [1, 2, 7]),
            ThreadCase(
                policy: .isolate, vcpus: 2, siblings: [[0, 0, 1], [1, 2], []], cpus: [2, 3]),
        ])
    private func threads(_ line: ThreadCase) throws {
        let cell = Sample.cell(0) {
            $0.dedicatedCPUs = $0.cpus
            $0.threadSiblings = line.siblings
        }
        let taken = NUMAPlacement(cells: [
            NUMACellPlacement(
                hostCell: 0, vcpus: Array(line.taken.indices), memoryMiB: 1,
                pins: line.taken.enumerated().map { CPUPin(vcpu: $0, hostCPU: $1) })
        ])
        let fit = Sample.host([cell], [Sample.claim(taken)]).fit(
            Sample.topology([(line.vcpus, 256)], .dedicated, line.policy), near: [])
        #expect(fit.cpus == line.cpus)
        guard let placed = try? fit.get().cells.first else { return }
        #expect(placed.pins.map(\.vcpu) == Array(0..<line.vcpus))
        #expect(placed.idleCPUs == line.idle)
    }

    @Test("idle threads of an isolated guest are nobody's; a shared sibling spoils the core")
    func isolation() throws {
        let cell = Sample.cell(0) { $0.dedicatedCPUs = [3, 4, 5, 6, 7] }
        let isolated = Sample.topology([(2, 256)], .dedicated, .isolate)
        let placed = try Sample.host([cell]).fit(isolated, near: []).get()
        #expect(placed.pinnedCPUs == [4, 5, 6, 7])
        let after = Sample.host([cell], [Sample.claim(placed)])
        let one = Sample.topology([(1, 256)], .dedicated)
        #expect(after.fit(one, near: []).cpus == [3])
        #expect(
            after.fit(Sample.topology([(1, 256)], .dedicated, .isolate), near: []).shortage?
                .description == "the guest's NUMA node 0 fits no NUMA cell: cell 0: 0 whole"
                + " dedicated cores free, 1 wanted")
    }
}
