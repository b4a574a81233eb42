import TestSupport
import Testing

@testable import Scheduler

@Suite struct PagedArrayTests {
    @Test func itHoldsWhatAnArrayHolds() {
        var chance = SeededRandom(seed: 7)
        var paged = PagedArray<Int>()
        var plain: [Int] = []
        for round in 0..<5_000 {
            // Grows at first, then shrinks to nothing.
            let isRemoval = chance.number(0...9) < (round < 2_500 ? 2 : 8)
            if isRemoval, !plain.isEmpty {
                let position = chance.number(0...plain.count - 1)
                paged.removeBySwap(at: position)
                plain.swapAt(position, plain.count - 1)
                plain.removeLast()
            } else {
                paged.append(round)
                plain.append(round)
            }
            if !plain.isEmpty {
                let position = chance.number(0...plain.count - 1)
                paged[position] += 1
                plain[position] += 1
                #expect(paged[position] == plain[position])
            }
            #expect(paged.count == plain.count)
        }
        #expect(Array(paged.elements) == plain)
    }

    @Test func aCopyKeepsWhatItHad() {
        var paged = PagedArray<Int>()
        for number in 0..<1_000 { paged.append(number) }
        let copy = paged
        for number in 0..<1_000 { paged[number] = -1 }
        paged.removeBySwap(at: 0)
        #expect(Array(copy.elements) == Array(0..<1_000))
        #expect(paged.elements.allSatisfy { $0 == -1 })
    }
}
