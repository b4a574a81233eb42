import ComputeModel
import Foundation
import Persistence
import Workflow

/// Builds an instance anew on another host because its own is down. The old host is fenced first:
/// when it comes back it takes the guest's power before it does anything else, and once the new
/// guest runs it removes what is left.
///
/// ```
/// accept      -                                       the instance as before
/// place       a new host and devices claimed          claim released
/// fence       the old guest assigned to be off        assigned to be as before
/// bind_ports  ports on the new devices                ports as before
/// assign      the guest on the new host               removed there, awaited
/// await       the new host's word
/// finish      the instance is on its new host; the old guest assigned to be absent
/// ```
struct EvacuateInstance: InstanceWorkflow {
    static let kind = "evacuate_instance"
    static let event = "compute_rebuild_instance"
    static let scheduleEvent = "conductor_rebuild_instance"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var migrationID: MigrationID
        var hostName: String?
        /// Whether the guest is started on its new host.
        var starts: Bool
        var sourceHostID: HostID
        /// Nil when the old host never got one.
        var before: Assignment?
        var stateBefore: InstanceState
        var bindingsBefore: [String: PortBinding]
        /// Set when the new host is chosen.
        var destinationID: HostID?
        var failure: RecordedFailure?
        var goesForward: Bool?
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let reports: GuestReports
    let placements: Placements
    let portBindings: PortBindings
    let migrationRecords: MigrationRecords
    let moveDestinations: MoveDestinations

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        reports = parts.reports
        placements = parts.placements
        portBindings = parts.portBindings
        migrationRecords = parts.migrationRecords
        moveDestinations = parts.moveDestinations
    }

    func events(_ state: State) -> [String] { [Self.scheduleEvent, Self.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("place", run: place, undo: releaseClaim),
            step("fence", run: fence, undo: unfence),
            step("bind_ports", run: bindPorts, undo: restorePorts),
            step("assign", run: assign, undo: withdraw),
            step("await", run: awaitGuest),
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] {
        [
            forward("finish", run: finish),
            forward("remove_source", run: removeSource, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let flavor = try instances.find(state.instanceID).flavor
        state.destinationID = try await moveDestinations.claimKeepingHost(
            state.instanceID, state.workflowID, state.migrationID,
            MoveDestination(flavor: flavor, hostName: state.hostName),
            status: .preMigrating)
        try await actions.endEvent(Self.scheduleEvent, state.instanceID, state.requestID)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        // Claim and destination are written together: without this one nothing was claimed.
        guard let host = try instances.find(id).moveDestination else { return }
        try await guests.releaseUnassignedClaim(of: id, on: host)
    }

    /// The guest's power is taken, not asked for: another one of it starts a moment later. A host
    /// that was never assigned the guest, or is to remove it, has none to be taken off.
    private func fence(_ state: inout State, _ step: StepContext) async throws {
        guard let before = state.before, before.goal != .absent else { return }
        try await guests.rewrite(
            state.instanceID, on: state.sourceHostID, by: state.mark("fence")
        ) { assignment, _ in
            assignment.goal = .stopped
            assignment.restart = .hard
        }
    }

    private func unfence(_ state: inout State, _ step: StepContext) async throws {
        guard let before = state.before, try !instances.isDoomed(state.instanceID) else { return }
        try await guests.rewriteIfAssigned(
            state.instanceID, on: state.sourceHostID, by: state.mark("unfence")
        ) { assignment, _ in
            assignment.goal = before.goal
            assignment.restart = before.restart
        }
    }

    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        let host = try require(state.destinationID, .destination, state)
        try await portBindings.bind(of: state.instanceID, to: host)
    }

    private func restorePorts(_ state: inout State, _ step: StepContext) async throws {
        let (id, bindings) = (state.instanceID, state.bindingsBefore)
        try await portBindings.restore(bindings, of: id)
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let (id, starts) = (state.instanceID, state.starts)
        let host = try require(state.destinationID, .destination, state)
        try await actions.beginEvent(
            Self.event, id, state.requestID, hostName: try guests.name(of: host))
        try await instances.setTask(id, .rebuilding)
        try await guests.insert(id, on: host, by: state.mark("assign")) {
            snapshot, generation in
            var instance = try snapshot.require(Instance.self, id.text).value
            instance.rootBuild = nil
            return Assignment(
                instanceID: id, hostID: host, generation: generation,
                goal: starts ? .running : .stopped,
                guest: try GuestDefinitions.guest(instance, host: host, snapshot))
        }
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        // `assign` has refused to begin: nothing was assigned.
        guard let host = state.destinationID else { return }
        try await guests.removeBeforeStart(state.instanceID, from: host)
    }

    private func awaitGuest(_ state: inout State, _ step: StepContext) async throws {
        let host = try require(state.destinationID, .destination, state)
        try await guests.awaitSettled(
            state.instanceID, on: host, within: context.settings.buildTimeout,
            checkCancellation: step.checkCancellation)
    }

    /// From here on the instance is where it was moved to. Its workflow ends in the next step, so
    /// that a crash in between leaves the old host's part to it.
    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let host = try require(state.destinationID, .destination, state)
        let (id, starts) = (state.instanceID, state.starts)
        let name = try guests.name(of: host)
        let zone = placements.placer.index.zone(of: host)
        let mark = state.mark("finish")
        try await instances.change(
            id, alongside: { try guests.allocate(id, on: host, by: mark, in: &$0) },
            { instance in
                instance.hostID = host
                instance.hostName = name
                instance.zone = zone
                instance.observed = try guests.power(of: id, on: host)
                instance.rootBuild = nil
                try instance.enter(starts ? .active : .stopped)
                instance.desiredPower = starts ? .running : .stopped
                instance.fault = nil
            })
    }

    private func removeSource(_ state: inout State, _ step: StepContext) async throws {
        let host = try require(state.destinationID, .destination, state)
        try await reports.reconsider(state.instanceID, on: host)
        // Before the old host is told: it may be back, and its word completes the record.
        try await migrationRecords.change(state.migrationID) { migration in
            if migration.status != .completed { migration.status = .done }
        }
        try await guests.withdraw(state.instanceID, on: state.sourceHostID)
        try await instances.release(state.instanceID) { instance in
            instance.migrationID = nil
            instance.moveDestination = nil
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        let failure = state.failure
        try await migrationRecords.change(state.migrationID) { migration in
            migration.status = .failed
            migration.failure = failure?.trace
        }
        try await instances.releaseFailed(
            state.instanceID, to: state.stateBefore, failure, isBroken: false
        ) { instance in
            instance.migrationID = nil
            instance.moveDestination = nil
        }
    }
}
