import ComputeModel
import Synchronization

/// When each host was last heard of. Kept in memory only: a heartbeat costs no commit, and a
/// server that has just started gives every known host its full time to report.
public final class HostLiveness: Sendable {
    private let clock: any Clock<Duration>
    private let hostDownAfter: Duration
    private let elapsed: @Sendable () -> Duration
    private let lastHeard = Mutex<[HostID: Duration]>([:])

    /// Hosts count as up for `hostDownAfter` after `heard`, and after this was made.
    public init(clock: any Clock<Duration>, hostDownAfter: Duration) {
        self.clock = clock
        self.hostDownAfter = hostDownAfter
        elapsed = Self.stopwatch(clock)
    }

    /// Notes that the host's agent called.
    public func heard(_ host: HostID) {
        let now = elapsed()
        lastHeard.withLock { $0[host] = now }
    }

    /// Notes that the host's agent has said goodbye or its link broke for good.
    public func lost(_ host: HostID) {
        lastHeard.withLock { $0[host] = Self.longAgo }
    }

    /// Whether the host was heard of in time.
    public func isUp(_ host: HostID) -> Bool {
        let last = lastHeard.withLock { $0[host] } ?? .zero
        return elapsed() - last < hostDownAfter
    }

    /// How long ago the host was heard of; nil when it never was, or was lost since.
    public func silence(of host: HostID) -> Duration? {
        guard let last = lastHeard.withLock({ $0[host] }), last != Self.longAgo else { return nil }
        return elapsed() - last
    }

    /// Stands for a host that was lost.
    private static let longAgo: Duration = .seconds(Int64.min / 4)

    private static func stopwatch<C: Clock<Duration>>(
        _ clock: C
    ) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}
