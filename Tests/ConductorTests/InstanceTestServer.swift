import AgentProtocol
import ComputeModel
import Foundation
import Logging
import Persistence
import Synchronization

@testable import Conductor
@testable import ControlPlaneState
@testable import ImageStore
@testable import Networking

/// The server process of a testbed: dies on command, and starts again over what it has stored.
final class TestServer: Sendable {
    private struct Process {
        let conductor: Conductor
        let session: StoreSession
        let run: Task<Void, any Error>
    }

    let settings: ConductorSettings
    let imageDirectory: URL
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let store = MemoryStateStore()
    private let process = Mutex<Process?>(nil)

    init(_ settings: ConductorSettings, imageDirectory: URL) async throws {
        self.settings = settings
        self.imageDirectory = imageDirectory
        try await start()
    }

    var conductor: Conductor {
        get throws { try process.withLock { try Self.alive($0).conductor } }
    }

    /// What the network's parts of this server work with.
    var networking: NetworkingContext {
        get throws { try conductor.context.with(NetworkingSettings()) }
    }

    /// What stands between the server and its store.
    var session: StoreSession {
        get throws { try process.withLock { try Self.alive($0).session } }
    }

    private static func alive(_ process: Process?) throws -> Process {
        guard let process else { throw TestbedError(found: "the server doesn't run") }
        return process
    }

    /// The process is gone for its agents as soon as its store session died.
    func link(_ hostName: String) throws(AgentLinkError) -> HostLink {
        let link = process.withLock { process in
            process.flatMap { $0.session.isDead ? nil : $0.conductor.link(hostName: hostName) }
        }
        guard let link else { throw .unreachable("the server doesn't run") }
        return link
    }

    /// Ends the process at once; nothing it still does reaches the store.
    func kill() async {
        let old = process.withLock { process in
            defer { process = nil }
            return process
        }
        guard let old else { return }
        old.session.die()
        await end(old)
    }

    /// Ends the process in good order.
    func stop() async {
        let old = process.withLock { process in
            defer { process = nil }
            return process
        }
        if let old { await end(old) }
    }

    private func end(_ old: Process) async {
        old.conductor.hub.board.close()
        old.run.cancel()
        await old.conductor.shutdown(grace: .zero)
        _ = await old.run.result
        await old.conductor.context.documents.close()
    }

    func restart() async throws {
        await kill()
        try await start()
    }

    private func start() async throws {
        let session = StoreSession(store)
        let documents = try await DocumentStore.open(
            session, types: StoredTypes.conductor, logger: logger)
        let context = ConductorContext(
            documents: documents, settings: settings, logger: logger)
        let images = Images(context: context.with(ImageStoreSettings(directory: imageDirectory)))
        try await images.prepare()
        let conductor = try await Conductor(
            context, ports: Ports(context.with(NetworkingSettings())), images: images)
        let run = Task { try await conductor.run() }
        process.withLock {
            $0 = Process(conductor: conductor, session: session, run: run)
        }
    }
}

/// A server's access to a store that outlives it.
final class StoreSession: StateStore {
    /// What happens to a transaction.
    enum Fate: Sendable, Equatable {
        case commits
        /// The process dies before it is stored.
        case diesBefore
        /// The process dies when it is stored, before it knows.
        case diesAfter
        /// The store doesn't answer.
        case fails
    }

    private struct State {
        var isDead = false
        var fates: [Int: Fate] = [:]
        var count = 0
    }

    private let base: MemoryStateStore
    private let state = Mutex(State())
    private let deaths = AsyncStream.makeStream(of: Void.self)

    init(_ base: MemoryStateStore) { self.base = base }

    var isDead: Bool { state.withLock(\.isDead) }

    /// Transactions that reached the store.
    var commits: Int { state.withLock(\.count) }

    /// The `number`-th transaction from now on, counted from 1, meets `fate`.
    func set(_ fate: Fate, at number: Int) {
        state.withLock { $0.fates[$0.count + number] = fate }
    }

    func die() {
        state.withLock { $0.isDead = true }
        deaths.continuation.finish()
    }

    /// Returns when the session died, or the task is cancelled.
    func died() async {
        for await _ in deaths.stream {}
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
        let fate = state.withLock { state -> Fate in
            guard !state.isDead else { return .diesBefore }
            state.count += 1
            return state.fates[state.count] ?? .commits
        }
        switch fate {
        case .commits:
            return try await base.transact(conditions: conditions, writes: writes)
        case .fails:
            throw .unavailable(endpoint: "test", detail: "told to fail")
        case .diesBefore:
            die()
        case .diesAfter:
            die()
            _ = try await base.transact(conditions: conditions, writes: writes)
        }
        throw .closed
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
