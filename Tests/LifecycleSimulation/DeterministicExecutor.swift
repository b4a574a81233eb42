// The only way in for those who replace the runtime's thread pool; public in a later Swift.
@_spi(ExperimentalCustomExecutors) import _Concurrency
import Foundation
import TestSupport

@_silgen_name("swift_job_run")
private func runJob(_ job: UnownedJob, _ executor: UnownedSerialExecutor)

/// Runs every job of every task of this process on the main thread, in an order that a seed
/// decides, and moves a virtual time on when nothing is left to do.
///
/// The concurrency runtime hands each job to it instead of its thread pool. A job runs until its
/// task suspends, so one seed gives one order of everything that happens.
final class DeterministicExecutor: @unchecked Sendable {
    // Unchecked: everything here is touched by the main thread alone; `enqueue` checks that.

    /// The one that the runtime feeds: it can't be handed anything.
    static let shared = DeterministicExecutor()

    private typealias DelayOriginal = @convention(thin) (UInt64, UnownedJob) -> Void
    private typealias DelayHook = @convention(thin) (UInt64, UnownedJob, DelayOriginal) -> Void

    private typealias TimeOriginal =
        @convention(thin) (
            Int64, Int64, Int64, Int64, Int32, UnownedJob
        ) -> Void
    private typealias TimeHook =
        @convention(thin) (
            Int64, Int64, Int64, Int64, Int32, UnownedJob, TimeOriginal
        ) -> Void

    private let thread = pthread_self()
    private var ready: [(job: UnownedJob, executor: UnownedSerialExecutor)] = []
    /// The executor that stands for "none in particular".
    private let generic = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
    private var random = SeededRandom(seed: 0)
    private(set) var time: Duration = .zero
    private var timers = TimerHeap()
    /// Jobs that were run.
    private(set) var jobCount = 0
    /// What would make a run differ from the next one with its seed.
    private(set) var strays: [String] = []

    private init() {}

    /// Takes the place of the runtime's thread pool. To be called before the first task is made.
    /// False when this runtime can't have it.
    func install() -> Bool {
        guard let here = dlopen(nil, RTLD_NOW),
            let delayed = dlsym(here, "swift_task_enqueueGlobalWithDelay_hook"),
            let timed = dlsym(here, "swift_task_enqueueGlobalWithDeadline_hook")
        else { return false }
        _createExecutors(factory: Executors.self)
        // Nobody may wait by the machine's clock.
        let delayHook: DelayHook = { _, job, _ in
            DeterministicExecutor.shared.stray("somebody sleeps by the machine's clock")
            DeterministicExecutor.shared.enqueue(job)
        }
        delayed.assumingMemoryBound(to: DelayHook?.self).pointee = delayHook
        let timeHook: TimeHook = { _, _, _, _, _, job, _ in
            DeterministicExecutor.shared.stray("somebody sleeps by the machine's clock")
            DeterministicExecutor.shared.enqueue(job)
        }
        timed.assumingMemoryBound(to: TimeHook?.self).pointee = timeHook
        return true
    }

    private struct Executors: ExecutorFactory {
        static var mainExecutor: any MainExecutor { PlatformExecutorFactory.mainExecutor }
        static var defaultExecutor: any TaskExecutor { SharedExecutor.shared }
    }

    /// Begins anew at time zero with another order.
    func reset(seed: UInt64) {
        random = SeededRandom(seed: seed)
        time = .zero
        jobCount = 0
        strays = []
    }

    /// Runs the job later; `executor` is the actor's own, for one that has its own.
    func enqueue(_ job: UnownedJob, on executor: UnownedSerialExecutor? = nil) {
        if pthread_equal(pthread_self(), thread) == 0 {
            // Better an end than a run that can't be repeated.
            FileHandle.standardError.write(Data("a job came from another thread\n".utf8))
            exit(70)
        }
        ready.append((job, executor ?? generic))
    }

    func stray(_ what: String) { strays.append(what) }

    /// Runs jobs, and lets time pass where there is none, until `isDone`. False when everybody
    /// waits for something that nobody will do.
    func run(until isDone: () -> Bool) -> Bool {
        while !isDone() {
            if ready.isEmpty {
                guard let (deadline, continuation) = timers.next() else { return false }
                time = max(time, deadline)
                continuation.resume()
                continue
            }
            let index = Int(random.next() % UInt64(ready.count))
            ready.swapAt(index, ready.count - 1)
            jobCount += 1
            let next = ready.removeLast()
            runJob(next.job, next.executor)
        }
        return true
    }

    /// Lets what is left come to its end, so that nothing of one run is part of the next.
    func drain() {
        let end = time + .seconds(3_600)
        _ = run { time >= end || (ready.isEmpty && timers.isEmpty) }
        if !ready.isEmpty || !timers.isEmpty { stray("something goes on after the end") }
    }

    // MARK: Timers

    func makeTimerID() -> Int { timers.makeID() }

    func addTimer(_ id: Int, _ deadline: Duration, _ continuation: TimerHeap.Waiter) {
        if Task.isCancelled || deadline <= time { return continuation.resume() }
        timers.add(id, deadline, continuation)
    }

    func cancelTimer(_ id: Int) { timers.cancel(id)?.resume() }
}

/// The runtime's end of it.
private final class SharedExecutor: TaskExecutor {
    static let shared = SharedExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        DeterministicExecutor.shared.enqueue(UnownedJob(job))
    }
}

/// Sleepers by the time that they wake at, and by their order where that is the same.
struct TimerHeap {
    typealias Waiter = CheckedContinuation<Void, Never>

    private var heap: [(deadline: Duration, id: Int)] = []
    private var waiting: [Int: Waiter] = [:]
    private var lastID = 0

    var isEmpty: Bool { waiting.isEmpty }

    mutating func makeID() -> Int {
        lastID += 1
        return lastID
    }

    mutating func add(_ id: Int, _ deadline: Duration, _ waiter: Waiter) {
        waiting[id] = waiter
        heap.append((deadline, id))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the sleeper out; its place in the heap is passed over later.
    mutating func cancel(_ id: Int) -> Waiter? { waiting.removeValue(forKey: id) }

    mutating func next() -> (Duration, Waiter)? {
        while let first = heap.first {
            removeFirst()
            if let waiter = waiting.removeValue(forKey: first.id) {
                return (first.deadline, waiter)
            }
        }
        return nil
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ one: Int, _ other: Int) -> Bool {
        (heap[one].deadline, heap[one].id) < (heap[other].deadline, heap[other].id)
    }
}

/// The clock of the virtual time.
struct SimulatedClock: Clock {
    /// Time since the run began.
    struct Instant: InstantProtocol {
        let offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }

        func duration(to other: Instant) -> Duration { other.offset - offset }

        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    var now: Instant { Instant(offset: DeterministicExecutor.shared.time) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let id = DeterministicExecutor.shared.makeTimerID()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DeterministicExecutor.shared.addTimer(id, deadline.offset, continuation)
            }
        } onCancel: {
            DeterministicExecutor.shared.cancelTimer(id)
        }
        try Task.checkCancellation()
    }

    /// The time of day that stands for the present one.
    static var date: Date {
        let parts = DeterministicExecutor.shared.time.components
        return Date(
            timeIntervalSince1970: 1_800_000_000 + Double(parts.seconds)
                + Double(parts.attoseconds) / 1e18)
    }
}
