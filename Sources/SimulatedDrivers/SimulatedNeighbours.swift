import ComputeModel
import HostDrivers
import Synchronization

/// Simulated hosts that can send guests to one another, by name.
public final class SimulatedNeighbours: Sendable {
    /// Hosts know their neighbours, so these must not keep the hosts.
    private struct Entry: Sendable {
        weak let host: SimulatedHost?
    }
    private let entries = Mutex<[String: Entry]>([:])

    /// None yet; hosts add themselves.
    public init() {}

    func add(_ host: SimulatedHost) {
        entries.withLock { $0[host.spec.name] = Entry(host: host) }
    }

    /// The host of that name; nil when there is none, or none any more.
    func host(named name: String) -> SimulatedHost? { entries.withLock { $0[name]?.host } }
}
