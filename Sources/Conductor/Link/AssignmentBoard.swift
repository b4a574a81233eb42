import AgentProtocol
import ComputeModel
import Persistence
import Synchronization

/// Wakes the long polls of agents: one counter for each host, raised when something for it
/// changes. One reader follows the store for all hosts, so that a change wakes one poll and not
/// ten thousand.
public final class AssignmentBoard: Sendable {
    private struct Host {
        var revision: Int64
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        var questions: [HostQuestion] = []
    }
    /// Begins at the time of day, so that an agent's revision from before a restart never equals
    /// one of ours by accident.
    private let base: Int64
    private let hosts = Mutex<[HostID: Host]>([:])
    private let closed = Mutex(false)

    /// A board whose revisions begin at `base`.
    public init(base: Int64) {
        self.base = base
    }

    /// Follows assignments until the store closes.
    func follow(_ documents: DocumentStore) async throws {
        for try await change in documents.changes(of: Assignment.self) {
            let host = change.id.prefix { $0 != "/" }
            raise(HostID(String(host)))
        }
    }

    /// The host's revision now.
    public func revision(_ host: HostID) -> Int64 {
        hosts.withLock { $0[host]?.revision ?? base }
    }

    /// Something for the host changed.
    public func raise(_ host: HostID) {
        let waiters = hosts.withLock { hosts in
            var entry = hosts[host] ?? Host(revision: base)
            entry.revision += 1
            let waiters = entry.waiters.sorted { $0.key < $1.key }.map(\.value)
            entry.waiters = [:]
            hosts[host] = entry
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets all polls return, and later ones not wait: the server is shutting down.
    public func close() {
        closed.withLock { $0 = true }
        for host in hosts.withLock({ Array($0.keys) }) { raise(host) }
    }

    /// Puts a question where the host's next poll finds it.
    func ask(_ host: HostID, _ question: HostQuestion) {
        hosts.withLock { $0[host, default: Host(revision: base)].questions.append(question) }
        raise(host)
    }

    /// The questions not yet handed out.
    func takeQuestions(_ host: HostID) -> [HostQuestion] {
        hosts.withLock { hosts in
            let questions = hosts[host]?.questions ?? []
            hosts[host]?.questions = []
            return questions
        }
    }

    /// Returns when the host's revision differs from `revision`, at the timeout, or when the task
    /// is cancelled.
    func wait(
        _ host: HostID, after revision: Int64, timeout: Duration, clock: any Clock<Duration>
    ) async {
        guard !closed.withLock({ $0 }) else { return }
        let id = hosts.withLock { hosts in
            hosts[host, default: Host(revision: base)].lastWaiter += 1
            return hosts[host]?.lastWaiter ?? 0
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.changed(host, after: revision, waiter: id) }
            group.addTask {
                do {
                    try await clock.sleep(for: timeout)
                } catch {
                    // Cancelled: the change came first.
                }
            }
            await group.next()
            forget(host, id)
            group.cancelAll()
        }
    }

    private func changed(_ host: HostID, after revision: Int64, waiter id: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = hosts.withLock { hosts in
                    var entry = hosts[host] ?? Host(revision: base)
                    guard entry.revision == revision, !Task.isCancelled else { return false }
                    entry.waiters[id] = continuation
                    hosts[host] = entry
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            forget(host, id)
        }
    }

    private func forget(_ host: HostID, _ waiter: Int) {
        hosts.withLock { $0[host]?.waiters.removeValue(forKey: waiter) }?.resume()
    }
}
