/// Wakes one loop. Signals that come while the loop is busy are merged into one.
struct Signal: Sendable {
    /// For the one loop that waits.
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func notify() { continuation.yield() }
}
