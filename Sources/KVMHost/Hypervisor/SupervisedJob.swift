internal import ComputeModel
internal import HostDrivers
internal import Libvirt
internal import Logging
internal import Synchronization

/// One long call to libvirt that moves a guest's memory: it blocks until it is done, and is ended
/// only by aborting the domain's job, on another connection.
struct SupervisedJob: Sendable {
    /// Why the job was aborted.
    enum Abort: Sendable, Equatable {
        case cancelled
        case timedOut(Duration)
    }

    /// How the call ended.
    struct Ending: Sendable {
        let result: Result<Void, LibvirtError>
        /// What was asked for; the call may have succeeded all the same.
        let abort: Abort?
    }

    /// Between two looks at the job.
    static let lookInterval = Duration.seconds(1)
    /// An aborted job may take so long to end.
    static let abortMargin = Duration.seconds(120)

    let call: GuestCall
    let session: LibvirtSession
    let clock: any Clock<Duration>
    let logger: Logger
    /// Counted from the first look that shows the job under way.
    let timeout: Duration
    /// Told about every look that shows the job under way.
    var onLook: @Sendable (DomainJob) async -> Void = { _ in }

    /// Runs `body` and waits for its end in any case; a cancelled caller's job is aborted first.
    func run(
        _ body: @escaping @Sendable (LibvirtConnection) async throws(LibvirtError) -> Void
    ) async -> Ending {
        let flag = CancellationFlag()
        let work = Task { () -> Result<Void, LibvirtError> in
            do throws(LibvirtError) {
                let limit = timeout + Self.abortMargin
                return .success(try await session.runAlone(callTimeout: limit, body))
            } catch {
                return .failure(error)
            }
        }
        let watcher = Task { await watch(flag) }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            flag.set()
        }
        watcher.cancel()
        return Ending(result: result, abort: await watcher.value)
    }

    /// Looks and aborts until it is cancelled, which it is when the call has ended. An abort may
    /// come before the job has begun: it is asked for again.
    private func watch(_ flag: CancellationFlag) async -> Abort? {
        var elapsed = Duration.zero
        var abort: Abort?
        while true {
            do { try await clock.sleep(for: Self.lookInterval) } catch { return abort }
            if abort == nil, flag.isSet { abort = .cancelled }
            if abort == nil, elapsed >= timeout { abort = .timedOut(timeout) }
            do throws(LibvirtError) {
                if abort != nil {
                    try await session.run { connection throws(LibvirtError) in
                        try await connection.abortJob(call.uuid)
                    }
                } else if let job = try await job() {
                    elapsed += Self.lookInterval
                    await onLook(job)
                }
            } catch {
                logger.debug(
                    "the job's look or abort failed",
                    metadata: ["guest": "\(call.instance)", "reason": "\(error)"])
            }
        }
    }

    private func job() async throws(LibvirtError) -> DomainJob? {
        try await session.run { connection throws(LibvirtError) in
            try await KVMHypervisor.job(call.uuid, connection)
        }
    }
}

/// Set once, from a cancellation handler.
private final class CancellationFlag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

extension SupervisedJob.Ending {
    /// The error of a job that did not succeed, in the agent's terms.
    func driverError(_ call: GuestCall, advice: String = "") -> DriverError? {
        guard case .failure(let error) = result else { return nil }
        switch abort {
        case .cancelled: return .cancelled(call.fault("it was aborted"))
        case .timedOut(let limit):
            return .timedOut(
                call.fault("it was not done within \(limit) and was aborted", advice: advice))
        case nil: return error.driverError(call.operation, call.object, advice: advice)
        }
    }
}
