public import ComputeModel
import Foundation
import Persistence
import Workflow

extension Instances {
    /// Accepts a command; it goes on as a workflow.
    ///
    /// Throws `notFound`; `conflict(.server, .state)` when the instance's state does not allow it,
    /// its host is down or its agent can't do it; `conflict(.server, .locked)`; `invalid` for a
    /// host, flavor or image that won't do; `forbidden`.
    public func perform(
        _ command: InstanceCommand, on id: InstanceID, _ caller: Caller
    ) async throws {
        let workflow = try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            // The shelving that is under way offloads already: the client that asks for both, one
            // after the other, has what it wants.
            if command == .shelveOffload, found.value.task == .shelvingOffloading {
                return nil as StoredWorkflow?
            }
            try InstanceRules.check(
                found.value, command.verb, in: InstanceRules.states(for: command), caller)
            return try await accept(command, found, caller)
        }
        if let workflow { try await operations.begin(workflow) }
    }

    private func accept(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ caller: Caller
    ) async throws -> StoredWorkflow {
        switch command {
        case .start: try await change(.start, command, found, caller)
        case .stop: try await change(.stop, command, found, caller)
        case .reboot(let kind): try await change(.reboot(kind), command, found, caller)
        case .pause: try await change(.pause, command, found, caller)
        case .unpause: try await change(.unpause, command, found, caller)
        case .suspend: try await change(.suspend, command, found, caller)
        case .resume: try await change(.resume, command, found, caller)
        case .rescue(let image):
            try await change(
                .rescue(try rescueImage(image, found.value, caller)), command, found, caller)
        case .unrescue: try await change(.unrescue, command, found, caller)
        case .shelve, .shelveOffload: try await shelve(command, found, caller)
        case .unshelve(let zone, let host):
            try await unshelve(command, found, zone: zone, hostName: host, caller)
        case .migrate(let host):
            try await move(command, found, to: found.value.flavor, hostName: host, caller)
        case .resize(let flavor):
            try await move(
                command, found, to: try newFlavor(flavor, found.value, caller), hostName: nil,
                caller)
        case .confirmResize: try await confirm(command, found, caller)
        case .revertResize: try await revert(command, found, caller)
        case .liveMigrate(let host): try await liveMigrate(command, found, host, caller)
        case .evacuate(let host, let endsStopped):
            try await evacuate(command, found, host, endsStopped: endsStopped, caller)
        }
    }

    /// Stores the workflow of an accepted command with the instance that it owns from now on.
    func accept<Definition: WorkflowDefinition>(
        _ definition: Definition, _ state: Definition.State, _ id: WorkflowID, action: String,
        _ found: Versioned<Instance>, task: InstanceTask?, _ caller: Caller,
        alongside: (inout DocumentTransaction) throws -> Void = { _ in },
        _ body: (inout Instance) -> Void = { _ in }
    ) async throws -> StoredWorkflow {
        var owned = found.value
        owned.workflowID = id
        owned.task = task
        owned.stateBefore = owned.state
        owned.updatedAt = context.now()
        body(&owned)
        return try await operations.accept(
            definition, state: state, subject: owned.id.text, requestID: caller.requestID, id: id
        ) { transaction in
            try transaction.update(found, to: owned)
            try actions.begin(action, owned, caller, in: &transaction)
            try alongside(&transaction)
        }
    }

    func newWorkflowID() -> WorkflowID { WorkflowID(uuid: context.makeUUID()) }

    private func change(
        _ change: GuestChange, _ command: InstanceCommand, _ found: Versioned<Instance>,
        _ caller: Caller
    ) async throws -> StoredWorkflow {
        try await accept(
            change, action: command.actionName, verb: command.verb, found, caller)
    }

    /// Accepts a change of the guest on the host where it is.
    func accept(
        _ change: GuestChange, action: String, verb: String, _ found: Versioned<Instance>,
        _ caller: Caller, obsoleteImage: ImageID? = nil,
        alongside: (inout DocumentTransaction) throws -> Void = { _ in }
    ) async throws -> StoredWorkflow {
        let assignment = try presentAssignment(
            of: found.value, verb, needing: change.ability.map { [$0] } ?? [])
        let id = newWorkflowID()
        var state = ChangeGuest.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id,
            change: change, before: assignment, stateBefore: found.value.state)
        state.obsoleteImage = obsoleteImage
        return try await accept(
            workflows.change, state, id, action: action, found, task: change.task, caller,
            alongside: alongside
        ) { owned in
            if case .rebuild(let rebuilt) = change { owned.lastRootBuild = rebuilt.rootBuild }
        }
    }

    /// The instance's assignment on its host, which must be up and able.
    ///
    /// Throws `conflict(.server, .state)` that says what is missing.
    func presentAssignment(
        of instance: Instance, _ verb: String, needing abilities: [AgentAbility]
    ) throws -> Assignment {
        guard let host = instance.hostID,
            let assignment = try context.documents.get(
                Assignment.self, Assignment.key(host, instance.id))?.value
        else {
            throw DomainError.conflict(
                .server, .state,
                "Cannot '\(verb)' instance \(instance.id): it is on no host. Delete it and create"
                    + " it again.")
        }
        guard try hosts.isUp(host) else {
            throw DomainError.conflict(
                .server, .state,
                "Cannot '\(verb)' instance \(instance.id): its compute host is down. Wait for the"
                    + " host, or evacuate the instance.")
        }
        let report = try context.documents.get(HostReport.self, host.text)?.value
        if let missing = abilities.first(where: { report?.can($0) != true }) {
            throw DomainError.conflict(
                .server, .state,
                "Operation '\(verb)' is not supported for instance \(instance.id): the agent on"
                    + " its compute host cannot do '\(missing.rawValue)'. Upgrade the agent there.")
        }
        return assignment
    }
}

// MARK: - Locks and states

extension Instances {
    /// Locks the instance against changes by its owner, or unlocks it. An administrator's lock is
    /// not told apart from an owner's.
    public func setLock(
        _ id: InstanceID, _ caller: Caller, locked: Bool, reason: String?
    ) async throws {
        try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            var changed = found.value
            changed.locked = locked
            changed.lockedReason = locked ? reason : nil
            changed.updatedAt = context.now()
            try await context.documents.transact { transaction in
                try transaction.update(found, to: changed)
                try actions.begin(locked ? "lock" : "unlock", changed, caller, in: &transaction)
            }
        }
    }

    /// Sets the state of an instance that nothing is being done to. For administrators who know
    /// better; Millrace itself leaves nothing that needs it.
    ///
    /// Throws `conflict(.state)` while a workflow owns the instance: that ends by itself.
    public func resetState(
        _ id: InstanceID, _ caller: Caller, to state: InstanceState
    ) async throws {
        try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            guard found.value.workflowID == nil else {
                throw DomainError.conflict(
                    .server, .state,
                    "Cannot 'resetState' instance \(id) while an operation on it is under way:"
                        + " 'millrace operation list' shows it, and it ends by itself.")
            }
            var changed = found.value
            try changed.enter(state)
            changed.task = nil
            if state == .active { changed.fault = nil }
            changed.updatedAt = context.now()
            try await context.documents.transact { transaction in
                try transaction.update(found, to: changed)
                try actions.begin("resetState", changed, caller, in: &transaction)
            }
        }
    }
}

// MARK: - Images and rebuilds

extension Instances {
    /// Stores a copy of the instance's root disk as an image, which is queued at first.
    public func createImage(
        _ id: InstanceID, _ caller: Caller, name: String, properties: [String: String]
    ) async throws -> ImageID {
        let imageID = ImageID(uuid: context.makeUUID())
        let workflow = try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            try InstanceRules.check(
                found.value, "createImage", in: [.active, .stopped, .paused, .suspended], caller)
            var image = try parts.diskCopies.image(
                imageID, named: name, of: found.value, isInternal: false)
            image.properties.merge(properties) { _, new in new }
            let queued = image
            return try await accept(
                .snapshot(imageID), action: "createImage", verb: "createImage", found, caller,
                alongside: { try $0.insert(queued) })
        }
        try await operations.begin(workflow)
        return imageID
    }

    /// Gives the instance a new root disk from an image; returns it as it will be.
    public func rebuild(
        _ id: InstanceID, _ caller: Caller, _ request: RebuildRequest
    ) async throws -> Instance {
        let (workflow, instance) = try await context.retryingConflicts(.server) {
            let found = try find(id, caller)
            try InstanceRules.check(
                found.value, "rebuild", in: [.active, .stopped, .error], caller)
            let rebuilt = try rebuilt(found.value, request, caller)
            let workflow = try await accept(
                .rebuild(rebuilt), action: "rebuild", verb: "rebuild", found, caller,
                obsoleteImage: found.value.rootImageID)
            return (workflow, rebuilt)
        }
        try await operations.begin(workflow)
        return instance
    }

    private func rebuilt(
        _ instance: Instance, _ request: RebuildRequest, _ caller: Caller
    ) throws -> Instance {
        _ = try checkedImage(request.imageID, caller, instance.flavor)
        var rebuilt = instance
        rebuilt.imageID = request.imageID
        rebuilt.rootBuild = instance.nextRootBuild
        rebuilt.rootImageID = nil
        if let name = request.name { rebuilt.name = name }
        if let hostname = request.hostname { rebuilt.hostname = hostname }
        if let description = request.description { rebuilt.description = description }
        if let metadata = request.metadata { rebuilt.metadata = metadata }
        if let userData = request.userData { rebuilt.userData = userData }
        if let keyName = request.keyName {
            let key = try keyName.map { try checkedKey($0, caller) }
            rebuilt.keyName = key?.name
            rebuilt.keyPublic = key?.publicKey
        }
        return rebuilt
    }

    private func rescueImage(
        _ image: ImageID?, _ instance: Instance, _ caller: Caller
    ) throws -> ImageID {
        let id = image ?? instance.imageID
        _ = try checkedImage(id, caller, nil)
        return id
    }
}
