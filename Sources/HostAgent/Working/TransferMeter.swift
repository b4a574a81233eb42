import Synchronization

/// Counts what went over the link of an image.
final class TransferMeter: Sendable {
    /// Progress is told in steps of so many per cent, so that reports stay few.
    static let stepPercent: Int64 = 10

    private struct State {
        var movedBytes: Int64 = 0
        var toldPercent: Int64 = 0
    }
    private let state = Mutex(State())
    private let sizeBytes: Int64

    init(sizeBytes: Int64) { self.sizeBytes = sizeBytes }

    /// More came than was announced.
    var isTooLong: Bool { state.withLock { $0.movedBytes > sizeBytes } }

    func add(_ count: Int) { state.withLock { $0.movedBytes += Int64(count) } }

    /// The next full step that was not told yet.
    func nextPercent() -> Int64? {
        state.withLock { state in
            guard sizeBytes > 0 else { return nil }
            let percent = state.movedBytes * 100 / sizeBytes
            let step = percent / Self.stepPercent * Self.stepPercent
            guard step > state.toldPercent else { return nil }
            state.toldPercent = step
            return step
        }
    }
}
