import AgentProtocol
import ComputeModel
import HostDrivers
import Logging

/// The agent of one compute host: pulls assignments, compares them with what the drivers show,
/// acts on the difference and reports.
///
/// ```
///  link loop ---- batch ----> desired --+
///  driver events, timer ------ signal --+--> pass: observe, difference --> worker per instance
///                                       |      |                               |
///  report loop <---- outbox <-----------+------+ verdicts    signal <----------+
///  host report loop <---- signal (session, devices, timer)
/// ```
///
/// One value serves one run; after `run()` ended make a new one. Being killed at any point is
/// safe: the next agent looks at the host and goes on from there.
public actor HostAgent {
    /// Work under way for one instance.
    struct Worker {
        let task: Task<Void, Never>
        /// 0 for an orphan.
        let generation: Int
        let kind: Kind

        /// Each kind has its own bound.
        enum Kind: Sendable {
            case action, transfer, migration
        }
    }

    /// Failures in a row of one instance.
    struct Retry {
        let generation: Int
        var failures = 0
        /// The steps of the last round that succeeded, and how often they did in a row: steps that
        /// are asked for again had no effect.
        var lastSteps: [GuestStep] = []
        var roundsWithoutEffect = 0
        /// Set while waiting for the next attempt.
        var timer: Task<Void, Never>?
    }

    let identity: AgentIdentity
    let link: any ControlPlaneLink
    let drivers: HostDriverSet
    let recordStore: any LocalRecordStore
    let settings: AgentSettings
    let environment: AgentEnvironment
    let logger: Logger

    let reconcileSignal = Signal()
    let reportSignal = Signal()
    let hostSignal = Signal()

    /// Nil until the first batch of this run: nothing is done before.
    var desired: [InstanceID: Assignment]?
    var orphanPolicy = OrphanPolicy.keep
    var record = LocalRecord()
    var recordIsDirty = false
    var recordIsSuspect = false
    var observed = HostObservation()
    var workers: [InstanceID: Worker] = [:]
    var finishedSinceLook: Set<InstanceID> = []
    var retries: [InstanceID: Retry] = [:]
    var outbox = ReportOutbox()
    var answering: [String: Task<Void, Never>] = [:]
    /// How far live migrations are, by instance.
    var migrations: [InstanceID: GuestMigrationReport] = [:]
    /// Migrations that were made to end at once in this run.
    var forcing: [MigrationID: Task<Void, Never>] = [:]
    var saving: Task<Void, Never>?
    var welcome: AgentWelcome?
    var hostReporting = HostReporting()
    var lookFailures = 0
    var lookTimer: Task<Void, Never>?

    /// An agent for the host that `drivers` drive; it does nothing before `run()`.
    public init(
        identity: AgentIdentity, link: any ControlPlaneLink, drivers: HostDriverSet,
        recordStore: any LocalRecordStore, settings: AgentSettings = AgentSettings(),
        environment: AgentEnvironment = .live, logger: Logger
    ) {
        self.identity = identity
        self.link = link
        self.drivers = drivers
        self.recordStore = recordStore
        self.settings = settings
        self.environment = environment
        self.logger = logger
    }

    /// Works until its task is cancelled; then stops all work under way and returns. Guests are
    /// left as they are.
    public func run() async {
        await loadRecord()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.linkLoop() }
            group.addTask { await self.reconcileLoop() }
            group.addTask { await self.reportLoop() }
            group.addTask { await self.hostReportLoop() }
            group.addTask { await self.timerLoop() }
            group.addTask { await self.hypervisorLoop() }
            group.addTask { await self.deviceLoop() }
            group.addTask { await self.switchLoop() }
        }
        await stopWork()
    }

    private func loadRecord() async {
        do throws(LocalRecordError) {
            record = try await recordStore.load() ?? LocalRecord()
        } catch {
            // Without memory the agent can't tell whether the control plane lost its own.
            recordIsSuspect = true
            hostReporting.recordProblem = error
            logger.error("\(error)")
        }
    }

    private func stopWork() async {
        let tasks =
            workers.values.map(\.task) + retries.values.compactMap(\.timer)
            + Array(answering.values) + Array(forcing.values)
            + [lookTimer].compactMap { $0 }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    // MARK: What wakes the agent

    private func timerLoop() async {
        while await pause(settings.rescanInterval) {
            reconcileSignal.notify()
            hostSignal.notify()
        }
    }

    private func hypervisorLoop() async {
        for await event in drivers.hypervisor.events() {
            reconcileSignal.notify()
            if event == .connectionChanged { hostSignal.notify() }
        }
    }

    private func switchLoop() async {
        for await _ in drivers.virtualSwitch.changes() { reconcileSignal.notify() }
    }

    /// Waits; false when the task was cancelled.
    func pause(_ duration: Duration) async -> Bool {
        do { try await environment.clock.sleep(for: duration) } catch { return false }
        return !Task.isCancelled
    }
}
