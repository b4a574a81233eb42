import AgentProtocol
import ComputeModel
import Conductor
import ControlPlaneState
import Foundation
import ImageStore
import Logging
import Networking
import Persistence
import Synchronization

/// The server process: dies when it is told to, or at a commit, and starts again over its store.
final class SimulatedServer: Sendable {
    struct Process: Sendable {
        let number: Int
        let conductor: Conductor
        let session: StoreSession
        let run: Task<Void, any Error>
    }

    private struct State {
        var process: Process?
        var starts = 0
        /// Calls of agents that are being served, by the process that serves them.
        var calls: [Int: Int] = [:]
    }

    let settings: ConductorSettings
    let imageDirectory: URL
    let log: EventLog
    let chance: Chance
    let clock = SimulatedClock()
    private let store = MemoryStateStore()
    private let state = Mutex(State())
    private let logger: Logger

    init(
        _ settings: ConductorSettings, imageDirectory: URL, chance: Chance, log: EventLog
    ) {
        self.settings = settings
        self.imageDirectory = imageDirectory
        self.chance = chance
        self.log = log
        logger = Logger(label: "server") { _ in EventLogHandler(log: log, name: "server") }
    }

    /// The process, if there is one that has not died.
    var process: Process? {
        state.withLock { state in state.process.flatMap { $0.session.isDead ? nil : $0 } }
    }

    var conductor: Conductor? { process?.conductor }

    /// Starts a process, as often as it takes: it may die while it starts.
    func start() async throws {
        let number = state.withLock { state in
            state.starts += 1
            return state.starts
        }
        let session = StoreSession(store, chance: chance, log: log)
        let documents = try await DocumentStore.open(
            session, types: StoredTypes.conductor, clock: clock, logger: logger)
        let context = ConductorContext(
            documents: documents, settings: settings, logger: logger, clock: clock,
            now: { SimulatedClock.date }, makeUUID: { [chance] in chance.uuid() })
        let images = Images(
            context: context.with(ImageStoreSettings(directory: imageDirectory)),
            fileExecutor: SimulationExecutor.shared)
        try await images.prepare()
        let conductor = try await Conductor(
            context, ports: Ports(context.with(NetworkingSettings())), images: images)
        let run = Task { try await conductor.run() }
        state.withLock {
            $0.process = Process(
                number: number, conductor: conductor, session: session, run: run)
        }
        log.note("server \(number) started")
    }

    /// Ends the process at once; nothing that it still does reaches the store, and nothing of it
    /// is left when this returns.
    func kill() async throws {
        let old = state.withLock { state in
            defer { state.process = nil }
            return state.process
        }
        guard let old else { return }
        old.session.die()
        old.conductor.hub.board.close()
        old.run.cancel()
        await old.conductor.shutdown(grace: .zero)
        _ = await old.run.result
        await old.conductor.context.documents.close()
        while state.withLock({ $0.calls[old.number] ?? 0 }) > 0 {
            try await clock.sleep(for: .milliseconds(10))
        }
        log.note("server \(old.number) is gone")
    }

    /// Serves one call of a host's agent. A process that dies meanwhile answers nothing.
    func serve<Answer: Sendable>(
        _ hostName: String,
        _ call: @Sendable (HostLink) async throws(AgentLinkError) -> Answer
    ) async throws(AgentLinkError) -> Answer {
        guard let process else { throw .unreachable("the server doesn't run") }
        state.withLock { $0.calls[process.number, default: 0] += 1 }
        defer { state.withLock { $0.calls[process.number, default: 0] -= 1 } }
        let answer = try await call(process.conductor.link(hostName: hostName))
        guard !process.session.isDead, state.withLock({ $0.process?.number }) == process.number
        else { throw .unreachable("the server died meanwhile") }
        return answer
    }

    /// Whether the process that served the call is still alive: what streams asks between chunks.
    func isAlive(_ number: Int) -> Bool { process?.number == number }
}

/// A server's access to a store that outlives it; the server may die at any commit.
final class StoreSession: StateStore {
    private struct State {
        var isDead = false
        /// Commits until it dies, and whether the last one is stored; nil for none.
        var doom: (commits: Int, isStored: Bool)?
    }

    private let base: MemoryStateStore
    private let chance: Chance
    private let log: EventLog
    private let state = Mutex(State())

    init(_ base: MemoryStateStore, chance: Chance, log: EventLog) {
        self.base = base
        self.chance = chance
        self.log = log
    }

    var isDead: Bool { state.withLock(\.isDead) }

    func die() { state.withLock { $0.isDead = true } }

    /// The process dies at a commit that is to come.
    func doom(after commits: Int, isStored: Bool) {
        state.withLock { $0.doom = (commits, isStored) }
    }

    func get(_ key: DocumentKey) async throws(StoreError) -> StoredDocument? {
        try await base.get(key)
    }

    func list(prefix: String) async throws(StoreError) -> DocumentListing {
        try await base.list(prefix: prefix)
    }

    func transact(
        conditions: [Condition], writes: [DocumentWrite]
    ) async throws(StoreError) -> Int64 {
        enum Fate { case lives, diesBefore, diesAfter }
        // Others go first now and then, as with a store that takes its time.
        if chance.happens(0.2) { await Task.yield() }
        let fate = state.withLock { state -> Fate in
            guard !state.isDead else { return .diesBefore }
            guard let doom = state.doom else { return .lives }
            if doom.commits > 1 {
                state.doom = (doom.commits - 1, doom.isStored)
                return .lives
            }
            state.isDead = true
            return doom.isStored ? .diesAfter : .diesBefore
        }
        if fate == .diesBefore { throw .closed }
        let revision = try await base.transact(conditions: conditions, writes: writes)
        for write in writes {
            switch write {
            case .put(let key, let value):
                log.note("put \(key) \(value.hashValue)")
                log.mix(value)
            case .delete(let key): log.note("delete \(key)")
            }
        }
        if fate == .diesAfter { throw .closed }
        if chance.happens(0.2) { await Task.yield() }
        return revision
    }

    func watch(prefix: String, after revision: Int64) -> StoreWatch {
        base.watch(prefix: prefix, after: revision)
    }

    func currentRevision() async throws(StoreError) -> Int64 {
        if isDead { throw .closed }
        return try await base.currentRevision()
    }

    func close() async { die() }
}

/// Runs actors that would have threads of their own with everybody else.
final class SimulationExecutor: SerialExecutor {
    static let shared = SimulationExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        DeterministicExecutor.shared.enqueue(UnownedJob(job), on: asUnownedSerialExecutor())
    }
}

/// Makes what the product logs part of the events.
struct EventLogHandler: LogHandler {
    let log: EventLog
    let name: String
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = self.metadata.merging(event.metadata ?? [:]) { _, new in new }
            .map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        log.note("\(name) [\(event.level)] \(event.message) \(all)")
    }
}
