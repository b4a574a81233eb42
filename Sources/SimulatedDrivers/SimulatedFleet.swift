import AgentProtocol
import ComputeModel
import HostAgent
import HostDrivers
import Logging

/// Simulated hosts, each with an agent of its own that talks to a control plane. Agents come and
/// go; hardware and guests stay.
public actor SimulatedFleet {
    /// Makes the link of one host's agent; asked at each start of the agent.
    public typealias LinkMaker = @Sendable (SimulatedHostSpec) -> any ControlPlaneLink

    /// The hosts, in the order of the description.
    public nonisolated let hosts: [SimulatedHost]

    private let byName: [String: SimulatedHost]
    private let records: [String: MemoryRecordStore]
    private let settings: AgentSettings
    private let environment: AgentEnvironment
    private let agentVersion: String
    private let logger: Logger
    private let makeLink: LinkMaker
    private var agents: [String: Task<Void, Never>] = [:]

    /// A fleet whose agents don't run yet.
    public init(
        _ description: FleetDescription, agentVersion: String,
        settings: AgentSettings = AgentSettings(), environment: AgentEnvironment = .live,
        logger: Logger, makeLink: @escaping LinkMaker
    ) {
        let neighbours = SimulatedNeighbours()
        hosts = description.hosts.map { SimulatedHost($0, neighbours: neighbours) }
        byName = Dictionary(hosts.map { ($0.spec.name, $0) }) { first, _ in first }
        records = byName.mapValues { _ in MemoryRecordStore() }
        self.settings = settings
        self.environment = environment
        self.agentVersion = agentVersion
        self.logger = logger
        self.makeLink = makeLink
    }

    /// The host of that name.
    public nonisolated func host(named name: String) throws(FleetError) -> SimulatedHost {
        guard let host = byName[name] else { throw .unknownHost(name) }
        return host
    }

    /// Names of the hosts whose agent runs, sorted.
    public var namesOfRunningAgents: [String] { agents.keys.sorted() }

    /// Runs all agents until the task is cancelled, then ends them.
    public func run() async {
        start()
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        defer { continuation.finish() }
        for await _ in stream {}
        await stop()
    }

    /// Starts every agent that doesn't run; they find their way by themselves.
    public func start() {
        for host in hosts where agents[host.spec.name] == nil { start(host) }
    }

    /// Ends all agents and waits for them; guests stay as they are.
    public func stop() async {
        let running = agents
        agents = [:]
        for task in running.values { task.cancel() }
        for task in running.values { await task.value }
    }

    /// Starts the agent of one host; nothing to do when it runs.
    public func startAgent(_ name: String) throws(FleetError) {
        let host = try host(named: name)
        if agents[name] == nil { start(host) }
    }

    /// Ends the agent of one host and waits for it; nothing to do when it doesn't run.
    public func stopAgent(_ name: String) async throws(FleetError) {
        _ = try host(named: name)
        guard let task = agents.removeValue(forKey: name) else { return }
        task.cancel()
        await task.value
    }

    /// As `stopAgent`, but the agent has no chance to finish a driver call.
    public func killAgent(_ name: String) async throws(FleetError) {
        try host(named: name).sever()
        try await stopAgent(name)
    }

    private func start(_ host: SimulatedHost) {
        let spec = host.spec
        var identity = AgentIdentity(
            hostName: spec.name, zone: spec.zone, agentVersion: agentVersion,
            address: "127.0.0.1")
        identity.migrationURI = host.migrationURI
        identity.migrationIsEncrypted = true
        let agent = HostAgent(
            identity: identity, link: makeLink(spec), drivers: host.drivers(),
            recordStore: records[spec.name] ?? MemoryRecordStore(), settings: settings,
            environment: environment, logger: logger)
        agents[spec.name] = Task { await agent.run() }
    }
}
