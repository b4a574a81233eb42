import Foundation
import Synchronization
import TestSupport

/// One stream of chance, for those that can't hand a generator on.
final class Chance: Sendable {
    private let random: Mutex<SeededRandom>

    init(_ seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }

    /// True with this probability.
    func happens(_ probability: Double) -> Bool { fraction() < probability }

    /// From 0 to below 1.
    func fraction() -> Double {
        random.withLock { Double($0.next() >> 11) / 9_007_199_254_740_992 }
    }

    func integer(in range: ClosedRange<Int>) -> Int {
        random.withLock { Int.random(in: range, using: &$0) }
    }

    /// Evenly distributed between two durations.
    func duration(_ range: ClosedRange<Double>) -> Duration {
        .nanoseconds(
            Int64((range.lowerBound + fraction() * (range.upperBound - range.lowerBound)) * 1e9))
    }

    func element<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[integer(in: 0...elements.count - 1)]
    }

    /// One of them, more often those of greater weight.
    func weighted<Element>(_ choices: [(weight: Int, element: Element)]) -> Element? {
        var left = integer(in: 1...max(1, choices.reduce(0) { $0 + $1.weight }))
        for choice in choices {
            left -= choice.weight
            if left <= 0 { return choice.element }
        }
        return nil
    }

    func uuid() -> UUID {
        let (high, low) = random.withLock { ($0.next(), $0.next()) }
        func byte(_ word: UInt64, _ index: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
        }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4),
                byte(high, 5), byte(high, 6) & 0x0f | 0x40, byte(high, 7),
                byte(low, 0) & 0x3f | 0x80, byte(low, 1), byte(low, 2), byte(low, 3),
                byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            ))
    }
}
