import ComputeModel
import Foundation
import Persistence
import Workflow

/// Does what one change of an assignment does: start, stop, reboot, pause, suspend, rescue,
/// rebuild, snapshot and their opposites.
///
/// ```
/// step     does                                 undone by
/// accept   -                                    instance as before, or in error when its guest is
///                                               not; the image of a snapshot deleted
/// assign   the assignment's next generation     the assignment as before, awaited
/// await    the host's word                      -
/// finish   the instance's new state             -
/// ```
struct ChangeGuest: InstanceWorkflow {
    static let kind = "change_guest"

    struct State: InstanceWorkflowState {
        var instanceID: InstanceID
        var requestID: APIRequestID
        var workflowID: WorkflowID
        var change: GuestChange
        /// The assignment and the state as they were when the request was accepted.
        var before: Assignment
        var stateBefore: InstanceState
        /// An image that nothing needs once this has worked.
        var obsoleteImage: ImageID?
        var failure: RecordedFailure?
        /// The way back did not work: the guest is not as it was.
        var isBroken = false
    }

    let context: ConductorContext
    let actions: InstanceActions
    let instances: OwnedInstances
    let guests: GuestAssignments
    let diskCopies: DiskCopies

    init(_ parts: InstanceParts) {
        context = parts.context
        actions = parts.actions
        instances = parts.instances
        guests = parts.guests
        diskCopies = parts.diskCopies
    }

    func events(_ state: State) -> [String] { [state.change.event] }

    var steps: [WorkflowStep<State>] {
        [
            first("accept", run: begin, undo: fail),
            step("assign", run: assign, undo: restore),
            step("await", run: awaitHost),
            last("finish", run: finish, end: end),
        ]
    }

    private func begin(_ state: inout State, _ step: StepContext) async throws {
        try await actions.beginEvent(
            state.change.event, state.instanceID, state.requestID,
            hostName: try guests.name(of: state.before.hostID))
    }

    private func assign(_ state: inout State, _ step: StepContext) async throws {
        try step.checkCancellation()
        let (change, before, id) = (state.change, state.stateBefore, state.instanceID)
        let host = state.before.hostID
        let instance = try instances.find(id)
        try await guests.rewrite(id, on: host, by: state.mark("assign")) {
            assignment, generation in
            let target: Instance =
                if case .rebuild(let rebuilt) = change { rebuilt } else { instance }
            let snapshot = context.documents.snapshot()
            let guest = try GuestDefinitions.guest(
                target, host: host, snapshot, lastImage: assignment.guest.image)
            var rescue: GuestImage?
            if case .rescue(let image) = change {
                rescue = try GuestDefinitions.image(image, snapshot)
            }
            change.apply(
                to: &assignment, generation: generation, before: before, guest: guest,
                rescue: rescue)
        }
    }

    /// Writes the assignment as it was. The agent mends what differs; a guest that it can't bring
    /// back is reported, and the instance is in error then.
    private func restore(_ state: inout State, _ step: StepContext) async throws {
        let (id, before) = (state.instanceID, state.before)
        let changesDisks = state.change.changesDisks
        guard try !instances.isDoomed(id),
            try guests.current(id, on: before.hostID)?.generation != before.generation
        else { return }
        try await guests.rewriteIfAssigned(
            id, on: before.hostID, by: state.mark("restore")
        ) { assignment, generation in
            assignment.goal = before.goal
            assignment.guest = before.guest
            assignment.definedSince = changesDisks ? generation : before.definedSince
            assignment.restart = changesDisks ? .hard : before.restart
            assignment.export = nil
        }
        let found = try await guests.restoration(
            of: id, on: before.hostID, within: limit(state.change), step)
        state.isBroken = found == .failed
        if found == .done, before.goal == .suspended,
            try guests.power(of: id, on: before.hostID) != .suspended
        {
            try await noteLostMemory(&state, step)
        }
    }

    /// Saved memory does not survive what takes the guest down: it is off then, and says so.
    private func noteLostMemory(_ state: inout State, _ step: StepContext) async throws {
        let (id, host) = (state.instanceID, state.before.hostID)
        state.stateBefore = .stopped
        try await guests.rewriteIfAssigned(
            id, on: host, by: state.mark("memory-lost")
        ) { assignment, _ in
            assignment.goal = .stopped
            assignment.restart = nil
        }
        state.isBroken =
            try await guests.restoration(of: id, on: host, within: limit(state.change), step)
            == .failed
    }

    private func awaitHost(_ state: inout State, _ step: StepContext) async throws {
        try await guests.awaitSettled(
            state.instanceID, on: state.before.hostID, within: limit(state.change),
            checkCancellation: step.checkCancellation)
    }

    private func limit(_ change: GuestChange) -> Duration {
        let settings = context.settings
        return switch change {
        case .rebuild, .rescue, .start: settings.buildTimeout
        case .snapshot: settings.exportTimeout
        default: settings.actionTimeout
        }
    }

    private func finish(_ state: inout State, _ step: StepContext) async throws {
        let (change, before) = (state.change, state.stateBefore)
        switch change {
        case .snapshot, .rebuild:
            // The copy is stored, and the old disk is not gone back to.
            try await guests.rewrite(
                state.instanceID, on: state.before.hostID, by: state.mark("finish")
            ) { assignment, _ in
                assignment.export = nil
                assignment.guest.keptRootBuilds = nil
            }
        default: break
        }
        try await instances.release(state.instanceID) { instance in
            try change.finish(&instance, before: before)
        }
    }

    private func end(_ state: inout State, _ step: StepContext) async throws {
        if let image = state.obsoleteImage { try await diskCopies.discard(image) }
        try await actions.endEvent(state.change.event, state.instanceID, state.requestID)
    }

    private func fail(_ state: inout State, _ step: StepContext) async throws {
        if case .snapshot(let image) = state.change { try await diskCopies.discard(image) }
        try await instances.releaseFailed(
            state.instanceID, to: state.stateBefore, state.failure, isBroken: state.isBroken)
    }
}

extension GuestChange {
    /// Sets what is true of the instance once the host has said so.
    ///
    /// Throws `InstanceStateError`.
    func finish(_ instance: inout Instance, before: InstanceState) throws {
        try instance.enter(state(after: before))
        switch self {
        case .start, .reboot, .resume, .unpause, .unrescue, .unshelve:
            instance.desiredPower = .running
            instance.fault = nil
            instance.rescueImageID = nil
            // What a shelved instance was kept in goes when it is back.
            if self == .unshelve { instance.shelvedImageID = nil }
        case .stop:
            instance.desiredPower = .stopped
            instance.fault = nil
        case .rescue(let image): instance.rescueImageID = image
        case .rebuild(let rebuilt):
            instance.takeRebuild(rebuilt)
            instance.fault = nil
        case .pause, .suspend, .snapshot, .keepRoot: break
        }
    }
}

extension Instance {
    /// Takes over what a rebuild may change.
    mutating func takeRebuild(_ rebuilt: Instance) {
        imageID = rebuilt.imageID
        rootBuild = rebuilt.rootBuild
        rootImageID = rebuilt.rootImageID
        name = rebuilt.name
        hostname = rebuilt.hostname
        description = rebuilt.description
        metadata = rebuilt.metadata
        keyName = rebuilt.keyName
        keyPublic = rebuilt.keyPublic
        userData = rebuilt.userData
        rescueImageID = nil
    }
}
