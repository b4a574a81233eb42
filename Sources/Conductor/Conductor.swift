import AgentProtocol
import ComputeModel
import ControlPlaneState
import Foundation
import ImageStore
import Networking
import Persistence
import Workflow

/// Compute, assembled: every operation that the APIs offer, and the machinery behind.
public struct Conductor: Sendable {
    /// What all parts share.
    public let context: ConductorContext
    /// Instances.
    public let instances: Instances
    /// Their event lists.
    public let actions: InstanceActions
    /// Flavors.
    public let flavors: Flavors
    /// SSH keys.
    public let keypairs: Keypairs
    /// Compute hosts.
    public let hosts: Hosts
    /// Sets of hosts.
    public let aggregates: Aggregates
    /// Sets of instances.
    public let serverGroups: ServerGroups
    /// Records of moves.
    public let migrations: Migrations
    /// Empties hosts.
    public let drains: HostDrains
    /// Compares what is stored, and what hosts have.
    public let audit: AuditRun
    /// Where instances go.
    public let placements: Placements
    /// What links to hosts need.
    public let hub: HostHub
    /// Runs the workflows.
    public let engine: WorkflowEngine

    /// Assembles compute over open documents; guests use the network's `ports`, hosts read and
    /// store images in `images`.
    public init(_ context: ConductorContext, ports: Ports, images: Images) async throws {
        self.context = context
        let settings = context.settings
        let liveness = HostLiveness(
            clock: context.clock, hostDownAfter: settings.hostDownAfter)
        let board = AssignmentBoard(base: Int64(context.now().timeIntervalSince1970 * 1_000))
        hub = HostHub(
            liveness: liveness, board: board,
            questions: HostQuestions(board: board, context: context),
            guestReports: GuestReports(context), images: images)
        engine = WorkflowEngine(
            log: StoredWorkflowLog(context.documents), clock: context.clock, now: context.now,
            makeID: { context.makeUUID().uuidString.lowercased() }, logger: context.logger)
        actions = InstanceActions(context)
        flavors = Flavors(context)
        keypairs = Keypairs(context)
        hosts = Hosts(context, liveness: liveness)
        aggregates = Aggregates(context)
        serverGroups = ServerGroups(context)
        placements = Placements(context, liveness: liveness)
        let guests = GuestAssignments(context: context, ports: ports, hosts: hosts)
        let parts = InstanceParts(
            context, actions: actions, guests: guests, reports: hub.guestReports,
            placements: placements, ports: ports, images: images)
        let workflows = InstanceWorkflows(parts)
        try await workflows.register(in: engine)
        migrations = Migrations(context: context, engine: engine)
        audit = AuditRun(context: context, hosts: hosts, questions: hub.questions, parts: parts)
        instances = Instances(
            context: context, operations: Operations(context: context, engine: engine),
            actions: actions, flavors: flavors, keypairs: keypairs, ports: ports,
            questions: hub.questions, hosts: hosts, parts: parts,
            workflows: workflows)
        drains = HostDrains(context: context, hosts: hosts, instances: instances)
    }

    /// The control plane's end of a link to the host called `name`.
    public func link(hostName name: String) -> HostLink {
        HostLink(hostName: name, context: context, hub: hub)
    }

    /// Takes up what a crash left behind, then follows the store for as long as the task lives.
    ///
    /// Throws what the store throws when it fails for good.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await hub.board.follow(context.documents) }
            group.addTask { try await RecordSweep(context: context).run() }
            group.addTask {
                try await ResizeConfirmation(context: context, instances: instances).run()
            }
            // The first request shall not wait until ten thousand hosts are prepared.
            _ = try placements.placer.index.current()
            try await engine.resumeAll()
            try await group.waitForAll()
        }
    }

    /// Lets the steps in flight end, for `grace` at most; the rest is resumed at the next start.
    public func shutdown(grace: Duration) async {
        await engine.shutdown(grace: grace)
    }
}
