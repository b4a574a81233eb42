import ComputeModel
import Foundation
import Persistence
import Placement
import Scheduler
import Workflow

/// Resizes an instance, or moves it to another host while it is off: to a new root disk that is
/// made of a copy of the present one. The old disk, its devices and its host stay claimed until
/// the move is confirmed, so that it can be reverted.
///
/// ```
/// step          does                                      undone by
/// accept        -                                         the instance as before
/// place         a host and devices for the new flavor,    that claim released
///               in place if the flavor fits
/// stop          the guest off on its old host             the guest as before, awaited
/// copy          its root disk as an image                 the image deleted
/// bind_ports    ports on the new devices                  ports as before
/// assign        the guest on the new host                 removed there, awaited
/// await         the new host's word
/// finish        resized: waits for confirm or revert
/// ```
struct MoveInstance: InstanceWorkflow {
    static let kind = "move_instance"
    static let event = "compute_finish_resize"
    static let scheduleEvent = "conductor_migrate_server"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var migrationID: MigrationID
        var newFlavor: Flavor
        var isResize: Bool
        /// A host that was asked for.
        var hostName: String?
        /// The copy of the root disk.
        var imageID: ImageID
        /// The number of the new root disk.
        var rootBuild: Int
        var before: Assignment
        var stateBefore: InstanceState
        var failure: RecordedFailure?
        var isBroken = false

        var wasRunning: Bool { before.goal == .running }
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
    let diskCopies: DiskCopies

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
        diskCopies = parts.diskCopies
    }

    func events(_ state: State) -> [String] { [Self.scheduleEvent, Self.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("place", run: place, undo: releaseClaim),
            step("stop", run: stop, undo: restart),
            step("copy", run: copy, undo: dropCopy),
            step("bind_ports", run: bindPorts, undo: restorePorts),
            step("assign", run: assign, undo: withdraw),
            step("await", run: awaitGuest),
            last("finish", run: finish, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        let failure = state.failure
        try await migrationRecords.change(state.migrationID) { migration in
            migration.status = .error
            migration.failure = failure?.trace
        }
        try await instances.releaseFailed(
            state.instanceID, to: state.stateBefore, failure, isBroken: state.isBroken
        ) { instance in
            instance.resize = nil
            instance.migrationID = nil
        }
    }
}

// MARK: - Placing

extension MoveInstance {
    private func place(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        if state.isResize, state.hostName == nil,
            try await placements.resizeInPlace(
                given.instanceID, to: given.newFlavor,
                note: { try note(&$0, given, host: given.before.hostID, $1) })
        {
            return try await notePlaced(given)
        }
        try await moveDestinations.claim(
            given.instanceID, given.workflowID,
            MoveDestination(flavor: given.newFlavor, hostName: given.hostName),
            isPlaced: { $0.resize?.migrationID == given.migrationID },
            note: { try note(&$0, given, host: $1.hostID, $2) })
        try await notePlaced(given)
    }

    private func note(
        _ instance: inout Instance, _ state: State, host: HostID, _ snapshot: DocumentSnapshot
    ) throws {
        var resize = InstanceResize(
            migrationID: state.migrationID, oldFlavor: instance.flavor,
            newFlavor: state.newFlavor, oldHostID: state.before.hostID,
            oldHostName: instance.hostName ?? "", oldZone: instance.zone, newHostID: host,
            oldRootBuild: instance.rootBuild ?? 0,
            oldBindings: try portBindings.present(of: instance, snapshot),
            wasRunning: state.wasRunning)
        resize.oldRootImageID = instance.rootImageID
        instance.resize = resize
        if !instance.deletionRequested { instance.task = .resizeMigrating }
    }

    private func notePlaced(_ state: State) async throws {
        let resize = try placedResize(state)
        let name = try guests.name(of: resize.newHostID)
        try await migrationRecords.change(state.migrationID) { migration in
            migration.status = .migrating
            migration.destinationHostID = resize.newHostID
            migration.destinationHostName = name
        }
        try await actions.endEvent(
            Self.scheduleEvent, state.instanceID, state.requestID)
    }

    /// What `place` has noted.
    private func placedResize(_ state: State) throws -> InstanceResize {
        try require(instances.find(state.instanceID).resize, .resize, state)
    }

    private func releaseClaim(_ state: inout State, _ step: StepContext) async throws {
        // Claim and resize are written together: without this one nothing was claimed.
        guard let resize = try instances.find(state.instanceID).resize else { return }
        let (id, old) = (state.instanceID, resize.oldFlavor)
        if resize.isInPlace {
            try await instances.change(id) { transaction in
                try guests.changeClaim(id, on: resize.oldHostID, in: &transaction) {
                    $0.capacity.take(old)
                }
            } _: { _ in
            }
        } else {
            try await guests.releaseUnassignedClaim(of: id, on: resize.newHostID)
        }
    }
}

// MARK: - The old host

extension MoveInstance {
    private func stop(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await guests.powerOff(
            state.instanceID, on: state.before.hostID, by: state.mark("stop"), step)
    }

    private func restart(_ state: inout State, _ step: StepContext) async throws {
        let (id, before) = (state.instanceID, state.before)
        guard try !instances.isDoomed(id) else { return }
        try await guests.rewriteIfAssigned(
            id, on: before.hostID, by: state.mark("restart")
        ) { assignment, _ in
            assignment.goal = before.goal
            assignment.guest = before.guest
            assignment.export = nil
        }
        state.isBroken =
            try await guests.restoration(
                of: id, on: before.hostID, within: context.settings.buildTimeout, step)
            == .failed
    }

    private func copy(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        try await diskCopies.makeMoveImage(state.imageID, of: instances.find(state.instanceID))
        try await diskCopies.export(
            state.instanceID, on: state.before.hostID, as: state.imageID,
            by: state.mark("copy"), step)
        try await instances.setTask(state.instanceID, .resizeMigrated)
        try await migrationRecords.change(state.migrationID) { $0.status = .postMigrating }
    }

    private func dropCopy(_ state: inout State, _ step: StepContext) async throws {
        try await diskCopies.endExport(
            state.instanceID, on: state.before.hostID, by: state.mark("drop-copy"))
        try await diskCopies.discard(state.imageID)
    }
}

// MARK: - The new host

extension MoveInstance {
    private func bindPorts(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let resize = try placedResize(state)
        guard !resize.isInPlace else { return }
        try await portBindings.bind(of: state.instanceID, to: resize.newHostID)
    }

    private func restorePorts(_ state: inout State, _ step: StepContext) async throws {
        // Without a resize `bind_ports` has refused to begin.
        guard let resize = try instances.find(state.instanceID).resize, !resize.isInPlace else {
            return
        }
        let id = state.instanceID
        try await portBindings.restore(resize.oldBindings, of: id)
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let given = state
        let id = given.instanceID
        let resize = try placedResize(given)
        try await actions.beginEvent(
            Self.event, id, given.requestID,
            hostName: try guests.name(of: resize.newHostID))
        try await instances.setTask(id, .resizeFinish)
        let mark = given.mark("assign")
        if resize.isInPlace {
            try await guests.rewrite(id, on: resize.oldHostID, by: mark) {
                assignment, generation in
                assignment.guest = try moved(given, resize, context.documents.snapshot())
                assignment.guest.keptRootBuilds = [resize.oldRootBuild]
                assignment.goal = given.wasRunning ? .running : .stopped
                assignment.definedSince = generation
                assignment.export = nil
            }
            return
        }
        try await guests.insert(id, on: resize.newHostID, by: mark) { snapshot, generation in
            Assignment(
                instanceID: id, hostID: resize.newHostID, generation: generation,
                goal: given.wasRunning ? .running : .stopped,
                guest: try moved(given, resize, snapshot))
        }
    }

    /// The guest as it shall be after the move.
    private func moved(
        _ state: State, _ resize: InstanceResize, _ snapshot: DocumentSnapshot
    ) throws -> GuestDefinition {
        var instance = try snapshot.require(Instance.self, state.instanceID.text).value
        instance.flavor = state.newFlavor
        instance.rootImageID = state.imageID
        instance.rootBuild = state.rootBuild
        return try GuestDefinitions.guest(instance, host: resize.newHostID, snapshot)
    }

    private func withdraw(_ state: inout State, _ step: StepContext) async throws {
        let (id, before) = (state.instanceID, state.before)
        // Without a resize `assign` has refused to begin.
        guard let resize = try instances.find(id).resize else { return }
        guard resize.isInPlace else {
            return try await guests.removeBeforeStart(id, from: resize.newHostID)
        }
        try await guests.rewriteIfAssigned(
            id, on: before.hostID, by: state.mark("withdraw")
        ) { assignment, generation in
            assignment.goal = .stopped
            assignment.guest = before.guest
            assignment.definedSince = generation
        }
    }

    private func awaitGuest(_ state: inout State, _ step: StepContext) async throws {
        let resize = try placedResize(state)
        try await guests.awaitSettled(
            state.instanceID, on: resize.newHostID, within: context.settings.buildTimeout,
            checkCancellation: step.checkCancellation)
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let given = state
        let id = given.instanceID
        let resize = try placedResize(given)
        let mark = given.mark("finish")
        let name = try guests.name(of: resize.newHostID)
        let zone = placements.placer.index.zone(of: resize.newHostID)
        if !resize.isInPlace {
            try await diskCopies.endExport(
                id, on: resize.oldHostID, by: given.mark("end-export"))
        }
        try await reports.reconsider(id, on: resize.newHostID)
        try await migrationRecords.change(given.migrationID) { $0.status = .finished }
        try await instances.release(
            id,
            alongside: {
                try guests.allocate(id, on: resize.newHostID, by: mark, in: &$0)
            },
            { instance in
                instance.flavor = given.newFlavor
                instance.hostID = resize.newHostID
                instance.hostName = name
                instance.zone = zone
                instance.observed = try guests.power(of: id, on: resize.newHostID)
                instance.rootBuild = given.rootBuild
                instance.rootImageID = given.imageID
                try instance.enter(.resized)
                instance.migrationID = nil
                instance.resize?.finishedAt = context.now()
            })
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        try await actions.endEvent(Self.event, state.instanceID, state.requestID)
    }
}

extension HostCapacity {
    /// What a guest of `flavor` takes; the disk of a flavor without one is left as it is.
    mutating func take(_ flavor: Flavor) {
        vcpus = flavor.vcpus
        memoryMiB = flavor.memoryMiB
        if flavor.diskGiB > 0 { diskGiB = flavor.diskGiB }
    }
}
