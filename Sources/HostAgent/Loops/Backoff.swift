/// Waiting times that double up to a bound.
public struct Backoff: Sendable, Equatable {
    /// Before the second attempt.
    public var first: Duration
    /// Never longer than this.
    public var longest: Duration

    /// Doubles from `first` to `longest`.
    public init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// The wait after `attempt` failures in a row (from 1), scaled by `jitter` (0 to 1), so that
    /// many agents don't come back in the same moment.
    public func delay(attempt: Int, jitter: Double) -> Duration {
        let doublings = min(max(attempt - 1, 0), 20)
        return min(first * (1 << doublings), longest) * jitter
    }
}
