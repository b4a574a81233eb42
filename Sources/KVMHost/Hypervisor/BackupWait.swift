internal import Libvirt

/// The wait for the hypervisor to have copied a disk.
struct BackupWait: Sendable {
    /// How it ended.
    enum Outcome: Sendable, Equatable {
        case completed
        /// libvirt's words.
        case failed(String)
        case timedOut
    }

    /// Between two looks at the copy, should its event get lost.
    static let lookInterval = Duration.seconds(2)

    let timeout: Duration
    let clock: any Clock<Duration>
    /// The guest's job that is under way.
    let current: @Sendable () async throws(LibvirtError) -> DomainJob?
    /// The guest's last job that ended.
    let last: @Sendable () async throws(LibvirtError) -> DomainJob?

    private enum Signal: Sendable {
        case ended(DomainJob)
        case tick
    }

    /// Waits. `events` are the ends of this guest's copies, from before it began. Throws
    /// `cancelled` for a cancelled task; the copy goes on then.
    func run(
        _ events: some AsyncSequence<DomainJob, Never> & Sendable
    ) async throws(LibvirtError) -> Outcome {
        let (signals, feed) = AsyncStream.makeStream(of: Signal.self)
        let listener = Task { for await job in events { feed.yield(.ended(job)) } }
        let ticker = Task { [clock] in
            do {
                while true {
                    try await clock.sleep(for: Self.lookInterval)
                    feed.yield(.tick)
                }
            } catch { return }
        }
        defer {
            listener.cancel()
            ticker.cancel()
        }
        var elapsed = Duration.zero
        for await signal in signals {
            switch signal {
            case .ended(let job): return try await outcome(job)
            case .tick:
                elapsed += Self.lookInterval
                if let job = try await current(), job.phase == .running {
                    guard elapsed < timeout else { return .timedOut }
                } else {
                    return try await outcome(nil)
                }
            }
        }
        throw .cancelled(operation: "wait for the copy of", object: "a disk")
    }

    /// The event says little of why; what libvirt remembers of the job says more.
    private func outcome(_ told: DomainJob?) async throws(LibvirtError) -> Outcome {
        let job = try await last() ?? told
        guard let job, job.operation == .backup else {
            return .failed("it ended, and libvirt doesn't remember how")
        }
        return switch job.phase {
        case .completed: .completed
        case .cancelled: .failed(job.failure ?? "it was aborted")
        case .failed, .running: .failed(job.failure ?? "libvirt says no more")
        }
    }
}
