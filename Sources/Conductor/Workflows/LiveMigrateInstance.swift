import ComputeModel
import Foundation
import Persistence
import Workflow

/// Moves a running instance to another host: its vDPA NICs are unplugged, it is migrated, and the
/// new host plugs NICs of its own in as soon as the guest is there.
///
/// ```
/// step      does                                          undone by
/// accept    -                                             the instance as before
/// place     another host and its devices claimed          claim released
/// prepare   inactive bindings; the new host makes disk    removed there, awaited; bindings gone
///           and switch ports ready
/// queue     waits for its turn on the source
/// depart    the source unplugs the NICs and sends it      asked whether the guest is still there:
///                                                         its NICs are put back; or not, and the
///                                                         move is carried through
/// arrive    the new host's word that it runs
/// switch    the instance is on its new host               (no way back from here)
/// clean     the old host's part removed, awaited
/// ```
///
/// A guest is never started by any of this: both hosts only take one that is there, so it can't
/// run twice.
struct LiveMigrateInstance: InstanceWorkflow {
    static let kind = "live_migrate_instance"
    static let event = "compute_live_migration"
    static let scheduleEvent = "conductor_live_migrate_instance"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var migrationID: MigrationID
        var hostName: String?
        var sourceHostID: HostID
        var destinationID: HostID?
        var before: Assignment
        var stateBefore: InstanceState
        var failure: RecordedFailure?
        /// While taking things back it was found that the guest had arrived after all.
        var hasArrived = false
        var goesForward: Bool?
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let placements: Placements
    let portBindings: PortBindings
    let migrationRecords: MigrationRecords
    let moveDestinations: MoveDestinations

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
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
            step("prepare", run: prepare, undo: withdraw),
            step("queue", run: queue),
            step("depart", run: depart, undo: stay),
            step("arrive", run: arrive),
            step("switch", run: changeHost),
        ] + forwardSteps
    }

    var forwardSteps: [WorkflowStep<State>] { [forward("clean", run: clean, end: end)] }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    func problem(_ state: State) throws -> String? {
        if state.hasArrived { return nil }
        return try isAbortRequested(state) ? "Aborted." : state.failure?.message ?? "Cancelled."
    }

    private func isAbortRequested(_ state: State) throws -> Bool {
        try context.documents.get(Migration.self, state.migrationID.text)?.value
            .isAbortRequested ?? false
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        let failure = state.failure
        if state.hasArrived {
            try await changeHost(&state, step)
            return try await clean(&state, step)
        }
        let wasAborted = try isAbortRequested(state)
        try await migrationRecords.change(state.migrationID) { migration in
            migration.status = wasAborted ? .cancelled : .failed
            migration.failure = wasAborted ? nil : failure?.trace
        }
        try await instances.releaseFailed(
            state.instanceID, to: state.stateBefore, failure, isBroken: false
        ) { instance in
            instance.migrationID = nil
            instance.moveDestination = nil
        }
    }
}

// MARK: - The new host

extension LiveMigrateInstance {
    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let able = try ableHosts(from: state.sourceHostID)
        guard !able.isEmpty else {
            throw GuestFailure(
                tenantMessage: "No other host takes running servers.",
                detail: "no other host offers live migration (migration.uri) and has versions at"
                    + " least as new as \(try guests.name(of: state.sourceHostID))")
        }
        state.destinationID = try await moveDestinations.claimKeepingHost(
            state.instanceID, state.workflowID, state.migrationID,
            MoveDestination(
                flavor: try instances.find(state.instanceID).flavor, hostName: state.hostName,
                onlyHosts: able),
            status: nil)
        try await actions.endEvent(Self.scheduleEvent, state.instanceID, state.requestID)
    }

    /// Hosts whose agent and hypervisor can take a running guest from `source`: a guest moves to
    /// versions at least as new only.
    private func ableHosts(from source: HostID) throws -> Set<HostID> {
        let snapshot = context.documents.snapshot()
        guard let from = try snapshot.get(HostReport.self, source.text)?.value else { return [] }
        return Set(
            try snapshot.list(HostReport.self).map(\.value).filter { report in
                report.hostID != source && report.can(.liveMigrate)
                    && report.migrationURI != nil
                    && report.hypervisor.type == from.hypervisor.type
                    && report.hypervisor.version >= from.hypervisor.version
                    && report.hypervisor.libvirtVersion >= from.hypervisor.libvirtVersion
                    && report.hypervisor.architecture == from.hypervisor.architecture
            }.map(\.hostID))
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        // Claim and destination are written together: without this one nothing was claimed.
        guard !state.hasArrived, let host = try instances.find(state.instanceID).moveDestination
        else { return }
        try await guests.releaseUnassignedClaim(of: state.instanceID, on: host)
    }

    private func prepare(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        let id = given.instanceID
        let destination = try require(given.destinationID, .destination, given)
        let source = try guests.name(of: given.sourceHostID)
        try await actions.beginEvent(Self.event, id, given.requestID, hostName: source)
        try await portBindings.bind(of: id, to: destination, isActive: false)
        try await guests.insert(id, on: destination, by: given.mark("prepare")) {
            snapshot, generation in
            let instance = try snapshot.require(Instance.self, id.text).value
            var guest = given.before.guest
            guest.numa = try snapshot.get(HostLedger.self, destination.text)?.value
                .claim(of: id)?.numa
            guest.interfaces = try instance.interfaces.map {
                try GuestDefinitions.nic($0.portID, on: destination, snapshot)
            }
            guest.keptRootBuilds = nil
            var assignment = Assignment(
                instanceID: id, hostID: destination, generation: generation, goal: .running,
                guest: guest)
            assignment.arrival = GuestArrival(
                migrationID: given.migrationID, sourceHostName: source)
            return assignment
        }
        try await guests.awaitSettled(
            id, on: destination, within: context.settings.buildTimeout,
            checkCancellation: step.checkCancellation)
        try await migrationRecords.change(given.migrationID) { $0.status = .queued }
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        // Without a destination `prepare` has refused to begin.
        guard !state.hasArrived, let destination = state.destinationID else { return }
        let id = state.instanceID
        try await guests.remove(id, from: destination)
        try await portBindings.dropInactive(of: id)
    }
}

// MARK: - The source

extension LiveMigrateInstance {
    /// Migrations leave a host in the order of their numbers, so many at a time as configured.
    private func queue(_ state: inout State, _ step: StepContext) async throws {
        let (id, source) = (state.migrationID, state.sourceHostID)
        let limit = context.settings.liveMigrationsPerHostMax
        while true {
            try step.checkCancellation()
            do {
                _ = try await context.documents.wait(
                    watching: [Migration.self], timeout: GuestAssignments.lookInterval,
                    clock: context.clock
                ) { snapshot -> Bool? in
                    let own = try snapshot.get(Migration.self, id.text)?.value.number ?? 0
                    let ahead = try snapshot.list(Migration.self).count { other in
                        other.value.id != id && other.value.isAhead(of: own, leaving: source)
                    }
                    return ahead < limit ? true : nil
                }
                return try await migrationRecords.change(id) { $0.status = .preparing }
            } catch StoreError.timedOut {
                continue
            }
        }
    }

    private func depart(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        let destination = try require(given.destinationID, .destination, given)
        let snapshot = context.documents.snapshot()
        let report = try snapshot.require(HostReport.self, destination.text).value
        guard let uri = report.migrationURI else {
            throw GuestFailure(
                tenantMessage: "The new host does not take running servers any more.",
                detail: "\(try guests.name(of: destination)) reports no migration URI")
        }
        let settings = context.settings
        guard report.migrationIsEncrypted == true || settings.allowsPlainMigration else {
            throw GuestFailure(
                tenantMessage: "The server's memory would travel unencrypted.",
                detail: "\(try guests.name(of: destination)) has migration without TLS:"
                    + " configure it, or set migration_allow_plain: true on the server")
        }
        var departure = GuestDeparture(
            migrationID: given.migrationID, destinationURI: uri,
            destinationHostName: try guests.name(of: destination),
            numa: try guests.current(given.instanceID, on: destination)?.guest.numa,
            isEncrypted: report.migrationIsEncrypted ?? false,
            bandwidthMiBPerSecond: settings.migrationBandwidthMiBPerSecond,
            downtimeMS: settings.migrationDowntime.milliseconds,
            timeoutMS: settings.migrationTimeout.milliseconds)
        departure.hostCells = report.numaCells
        try await migrationRecords.change(given.migrationID) { $0.status = .running }
        try await guests.rewrite(
            given.instanceID, on: given.sourceHostID, by: given.mark("depart")
        ) { [departure] assignment, _ in
            assignment.departure = departure
            assignment.arrival = nil
        }
    }

    /// Waits for the word of either side: the new host's that the guest runs there, or the
    /// source's that it failed.
    private func arrive(_ state: inout State, _ step: StepContext) async throws {
        let given = state
        let destination = try require(given.destinationID, .destination, given)
        let limit =
            context.settings.migrationTimeout + context.settings.actionTimeout
        var waited: Duration = .zero
        while waited < limit {
            try step.checkCancellation()
            if try await guests.arrival(
                of: given.instanceID, on: destination, from: given.sourceHostID,
                within: GuestAssignments.lookInterval)
            {
                return
            }
            waited += GuestAssignments.lookInterval
        }
        throw GuestFailure(
            tenantMessage: "The server did not reach its new host in time.",
            detail: "no word from \(try guests.name(of: destination)) within \(limit)")
    }

    /// Finds out where the guest is before anything is taken back. It is only taken where it is:
    /// the assignment says that it comes from elsewhere, so nobody starts it.
    private func stay(_ state: inout State, _ step: StepContext) async throws {
        let given = state
        let id = given.instanceID
        let assignment = try guests.current(id, on: given.sourceHostID)
        guard let assignment, assignment.goal != .absent else {
            // Given up already, because the guest is on its new host.
            state.hasArrived = true
            return
        }
        // It was never sent off.
        guard assignment.departure != nil || assignment.arrival != nil else { return }
        // Where it may be has to be known: going on would free devices that it may use.
        let destination = try require(given.destinationID, .destination, given)
        let back = GuestArrival(
            migrationID: given.migrationID,
            sourceHostName: try guests.name(of: destination))
        try await guests.rewriteIfAssigned(
            id, on: given.sourceHostID, by: given.mark("stay")
        ) { assignment, _ in
            assignment.departure = nil
            assignment.arrival = back
        }
        if try await isAtSource(given, destination, step) {
            try await guests.rewriteIfAssigned(
                id, on: given.sourceHostID, by: given.mark("stayed")
            ) { assignment, _ in assignment.arrival = nil }
            return
        }
        state.hasArrived = true
    }

    /// Whether the guest is on its old host; when that is down, unless the new one has it.
    private func isAtSource(
        _ state: State, _ destination: HostID, _ step: StepContext
    ) async throws -> Bool {
        do {
            let word = try await guests.awaitWord(
                state.instanceID, on: state.sourceHostID,
                within: context.settings.actionTimeout,
                checkCancellation: step.checkCancellation)
            return word.phase != .prepared && word.phase != .departed
        } catch is GuestFailure {
            let key = GuestReport.key(destination, state.instanceID)
            let report = try context.documents.get(GuestReport.self, key)?.value
            return report?.power != .running
        }
    }
}

// MARK: - The end

extension LiveMigrateInstance {
    private func changeHost(_ state: inout State, _ step: StepContext) async throws {
        let given = state
        let id = given.instanceID
        let destination = try require(given.destinationID, .destination, given)
        let mark = given.mark("switch")
        let name = try guests.name(of: destination)
        let zone = placements.placer.index.zone(of: destination)
        try await portBindings.activate(of: id, on: destination)
        try await instances.change(
            id, alongside: { try guests.allocate(id, on: destination, by: mark, in: &$0) },
            { instance in
                instance.hostID = destination
                instance.hostName = name
                instance.zone = zone
                instance.observed = try guests.power(of: id, on: destination)
                try instance.enter(.active)
            })
        try await guests.rewrite(
            id, on: destination, by: given.mark("arrived")
        ) { assignment, _ in assignment.arrival = nil }
    }

    private func clean(_ state: inout State, _ step: StepContext) async throws {
        let id = state.instanceID
        try await guests.remove(id, from: state.sourceHostID)
        try await migrationRecords.change(state.migrationID) { $0.status = .completed }
        try await instances.release(id) { instance in
            instance.migrationID = nil
            instance.moveDestination = nil
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }
}
