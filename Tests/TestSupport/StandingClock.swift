public import Foundation
import Synchronization

/// A wall clock that stands still until it is told to go on.
public final class StandingClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    public init() {}

    public var now: Date { time.withLock { $0 } }
    public func advance(seconds: Double) { time.withLock { $0 += seconds } }
}
