import Synchronization
import Workflow

/// A workflow log in memory that can fail, or crash at a chosen commit.
public final class MemoryWorkflowLog: WorkflowLog {
    /// Where the process "crashes": at a commit (counted from 1, the insertion included), before or
    /// after it reached the disk. From then on the log is closed.
    public struct CrashPoint: Sendable, Equatable {
        /// Which commit, counted from 1.
        public let commit: Int
        /// Whether the crash comes after the commit instead of before.
        public let isStored: Bool

        /// A crash at commit number `commit`.
        public init(commit: Int, isStored: Bool) {
            self.commit = commit
            self.isStored = isStored
        }
    }

    private struct State {
        var workflows: [String: StoredWorkflow] = [:]
        var order: [String] = []
        var commits = 0
        var hasCrashed = false
        var failuresAhead = 0
        var history: [WorkflowRecord] = []
    }

    private let state: Mutex<State>
    private let crash: CrashPoint?

    /// An empty log.
    public init(crash: CrashPoint? = nil) {
        state = Mutex(State())
        self.crash = crash
    }

    private init(_ state: State) {
        self.state = Mutex(state)
        crash = nil
    }

    /// Commits so far, insertions included.
    public var commits: Int { state.withLock { $0.commits } }
    /// Whether the crash asked for has come.
    public var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
    /// Every record as stored, in order.
    public var history: [WorkflowRecord] { state.withLock { $0.history } }

    /// What the next process finds.
    public func restarted() -> MemoryWorkflowLog {
        MemoryWorkflowLog(
            state.withLock { state in
                var next = state
                next.hasCrashed = false
                return next
            })
    }

    /// The next `count` commits fail as unavailable.
    public func failNext(_ count: Int) {
        state.withLock { $0.failuresAhead = count }
    }

    public func unfinished() async throws(WorkflowLogError) -> [StoredWorkflow] {
        try read { state in
            state.order.compactMap { state.workflows[$0] }.filter { !$0.record.status.isFinished }
        }
    }

    public func load(_ id: String) async throws(WorkflowLogError) -> StoredWorkflow? {
        try read { $0.workflows[id] }
    }

    public func insert(_ record: WorkflowRecord) async throws(WorkflowLogError) -> Int64 {
        try commit(record, expecting: nil)
    }

    public func save(
        _ record: WorkflowRecord, expecting generation: Int64
    ) async throws(WorkflowLogError) -> Int64 {
        try commit(record, expecting: generation)
    }

    private func commit(
        _ record: WorkflowRecord, expecting generation: Int64?
    ) throws(WorkflowLogError) -> Int64 {
        try state.withLock { state throws(WorkflowLogError) in
            guard !state.hasCrashed else { throw .closed }
            if state.failuresAhead > 0 {
                state.failuresAhead -= 1
                throw .unavailable(detail: "told to fail")
            }
            guard state.workflows[record.id]?.generation == generation else {
                throw .conflict(id: record.id)
            }
            state.commits += 1
            let crashes = crash?.commit == state.commits
            if crashes { state.hasCrashed = true }
            if crashes, crash?.isStored == false { throw .closed }
            if generation == nil { state.order.append(record.id) }
            let next = Int64(state.commits)
            state.workflows[record.id] = StoredWorkflow(record: record, generation: next)
            state.history.append(record)
            if crashes { throw .closed }
            return next
        }
    }

    private func read<Value: Sendable>(
        _ body: (borrowing State) -> Value
    ) throws(WorkflowLogError) -> Value {
        try state.withLock { state throws(WorkflowLogError) in
            guard !state.hasCrashed else { throw .closed }
            return body(state)
        }
    }
}
