import ComputeModel
import Foundation
import Persistence
import Workflow

// What moves need before they are accepted.
extension Instances {
    func shelve(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let isCopying = command == .shelve
        let before = try presentAssignment(
            of: found.value, command.verb, needing: isCopying ? [.export] : [])
        let imageID = found.value.shelvedImageID ?? ImageID(uuid: context.makeUUID())
        let id = newWorkflowID()
        let state = ShelveInstance.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id,
            imageID: imageID, isCopying: isCopying,
            isOffloading: !isCopying || context.settings.offloadsShelved, before: before,
            stateBefore: found.value.state)
        let image =
            isCopying
            ? try parts.diskCopies.image(
                imageID, named: "\(found.value.name)-shelved", of: found.value,
                isInternal: false) : nil
        return try await accept(
            workflows.shelve, state, id, action: command.actionName, found,
            task: isCopying ? .shelving : .shelvingOffloading, caller,
            alongside: { if let image { try $0.insert(image) } })
    }

    func unshelve(
        _ command: InstanceCommand, _ found: Versioned<Instance>, zone: String?,
        hostName: String?, _ caller: Caller
    ) async throws -> StoredWorkflow {
        if found.value.state == .shelved {
            guard zone == nil, hostName == nil else {
                throw DomainError.conflict(
                    .server, .state,
                    "Instance \(found.value.id) is shelved and still on its host: it can't go to"
                        + " another place before it is offloaded.")
            }
            return try await accept(
                .unshelve, action: command.actionName, verb: command.verb, found, caller,
                obsoleteImage: found.value.shelvedImageID)
        }
        guard let image = found.value.shelvedImageID,
            try context.documents.get(Image.self, image.text)?.value.status == .active
        else {
            throw DomainError.conflict(
                .server, .state,
                "Instance \(found.value.id) can't be unshelved: its image"
                    + " \(found.value.shelvedImageID?.text ?? "") is gone.")
        }
        try checkHost(hostName, of: found.value, caller)
        let id = newWorkflowID()
        let state = UnshelveInstance.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id,
            imageID: image, zone: zone, hostName: hostName)
        return try await accept(
            workflows.unshelve, state, id, action: command.actionName, found, task: .unshelving,
            caller)
    }

    func move(
        _ command: InstanceCommand, _ found: Versioned<Instance>, to flavor: Flavor,
        hostName: String?, _ caller: Caller
    ) async throws -> StoredWorkflow {
        try checkHost(hostName, of: found.value, caller)
        let before = try presentAssignment(
            of: found.value, command.verb, needing: [.export, .rebuild])
        let isResize: Bool = if case .resize = command { true } else { false }
        let id = newWorkflowID()
        let migrationID = MigrationID(uuid: context.makeUUID())
        let state = MoveInstance.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id,
            migrationID: migrationID, newFlavor: flavor, isResize: isResize, hostName: hostName,
            imageID: ImageID(uuid: context.makeUUID()), rootBuild: found.value.nextRootBuild,
            before: before, stateBefore: found.value.state)
        return try await accept(
            workflows.move, state, id, action: command.actionName, found, task: .resizePrep,
            caller,
            alongside: { transaction in
                try parts.migrationRecords.insert(
                    migrationID, of: found.value, kind: isResize ? .resize : .migration,
                    newFlavor: flavor.id, workflow: id, caller, in: &transaction)
            },
            { owned in
                owned.migrationID = migrationID
                owned.lastRootBuild = state.rootBuild
            })
    }

    func confirm(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let resize = try resize(of: found.value, command)
        guard try hosts.isUp(resize.oldHostID) else {
            throw DomainError.conflict(
                .server, .state,
                "Cannot 'confirmResize' instance \(found.value.id): the compute host that it came"
                    + " from is down, so what is left there can't be removed yet.")
        }
        let id = newWorkflowID()
        let state = ConfirmResize.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id)
        return try await accept(
            workflows.confirm, state, id, action: command.actionName, found,
            task: .resizeConfirming, caller)
    }

    func revert(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let resize = try resize(of: found.value, command)
        guard try hosts.isUp(resize.oldHostID) else {
            throw DomainError.conflict(
                .server, .state,
                "Cannot 'revertResize' instance \(found.value.id): the compute host that it came"
                    + " from is down.")
        }
        let id = newWorkflowID()
        var state = RevertResize.State(
            instanceID: found.value.id, requestID: caller.requestID, workflowID: id,
            resize: resize)
        state.movedImageID = found.value.rootImageID
        return try await accept(
            workflows.revert, state, id, action: command.actionName, found,
            task: .resizeReverting, caller)
    }

    private func resize(
        of instance: Instance, _ command: InstanceCommand
    ) throws -> InstanceResize {
        guard let resize = instance.resize else {
            throw DomainError.conflict(
                .server, .state,
                "Cannot '\(command.verb)' instance \(instance.id): it was not resized.")
        }
        return resize
    }

    func evacuate(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ hostName: String?,
        endsStopped: Bool, _ caller: Caller
    ) async throws -> StoredWorkflow {
        let instance = found.value
        guard let host = instance.hostID else {
            throw DomainError.conflict(
                .server, .state, "Cannot 'evacuate' instance \(instance.id): it is on no host.")
        }
        guard try !hosts.isUp(host) else {
            throw DomainError.invalid(
                .server, field: nil,
                "Compute service of \(instance.hostName ?? host.text) is still in use. Evacuate"
                    + " only from a host that is down, or that was declared so with 'openstack"
                    + " compute service set --down'.")
        }
        try checkHost(hostName, of: instance, caller)
        let snapshot = context.documents.snapshot()
        let id = newWorkflowID()
        let migrationID = MigrationID(uuid: context.makeUUID())
        let isRunning = instance.state == .active || instance.desiredPower == .running
        let state = EvacuateInstance.State(
            instanceID: instance.id, requestID: caller.requestID, workflowID: id,
            migrationID: migrationID, hostName: hostName, starts: !endsStopped && isRunning,
            sourceHostID: host,
            before: try snapshot.get(Assignment.self, Assignment.key(host, instance.id))?.value,
            stateBefore: instance.state,
            bindingsBefore: try parts.portBindings.present(of: instance, snapshot))
        return try await accept(
            workflows.evacuate, state, id, action: command.actionName, found, task: .rebuilding,
            caller,
            alongside: { transaction in
                try parts.migrationRecords.insert(
                    migrationID, of: instance, kind: .evacuation, newFlavor: instance.flavor.id,
                    workflow: id, caller, in: &transaction)
            }, { $0.migrationID = migrationID })
    }

    func liveMigrate(
        _ command: InstanceCommand, _ found: Versioned<Instance>, _ hostName: String?,
        _ caller: Caller
    ) async throws -> StoredWorkflow {
        let instance = found.value
        try checkHost(hostName, of: instance, caller)
        let before = try presentAssignment(
            of: instance, command.verb, needing: [.liveMigrate, .hotplug])
        let id = newWorkflowID()
        let migrationID = MigrationID(uuid: context.makeUUID())
        let state = LiveMigrateInstance.State(
            instanceID: instance.id, requestID: caller.requestID, workflowID: id,
            migrationID: migrationID, hostName: hostName, sourceHostID: before.hostID,
            before: before, stateBefore: instance.state)
        return try await accept(
            workflows.liveMigrate, state, id, action: command.actionName, found,
            task: .migrating, caller,
            alongside: { transaction in
                try parts.migrationRecords.insert(
                    migrationID, of: instance, kind: .liveMigration,
                    newFlavor: instance.flavor.id, workflow: id, caller, in: &transaction)
            }, { $0.migrationID = migrationID })
    }

    /// A host asked for by name must be another one that exists.
    private func checkHost(
        _ name: String?, of instance: Instance, _ caller: Caller
    ) throws {
        guard let name else { return }
        let hosts = try context.documents.list(ComputeHost.self).map(\.value)
        guard hosts.contains(where: { $0.name == name }) else {
            throw DomainError.invalid(
                .host, field: "host", "Compute host \(name) could not be found.")
        }
        guard name != instance.hostName else {
            throw DomainError.invalid(
                .host, field: "host",
                "Instance \(instance.id) is on host \(name) already; name another one.")
        }
    }

    func newFlavor(
        _ id: FlavorID, _ instance: Instance, _ caller: Caller
    ) throws -> Flavor {
        let flavor: Flavor
        do {
            flavor = try flavors.show(id, caller)
        } catch DomainError.notFound {
            throw DomainError.invalid(
                .flavor, field: "flavorRef", "Flavor \(id) could not be found.")
        }
        guard flavor.id != instance.flavor.id else {
            throw DomainError.invalid(
                .flavor, field: "flavorRef",
                "When resizing, instances must change flavor: \(id) is the one it has.")
        }
        try FlavorWishes.check(flavor, aliases: context.settings.deviceAliases)
        guard flavor.diskGiB == 0 || flavor.diskGiB >= instance.flavor.diskGiB else {
            throw DomainError.invalid(
                .flavor, field: "flavorRef",
                "Flavor \(flavor.name) has a disk of \(flavor.diskGiB) GiB, the server has"
                    + " \(instance.flavor.diskGiB): disks can't shrink.")
        }
        return flavor
    }
}

extension Instance {
    /// A number for a new root disk.
    var nextRootBuild: Int { max(lastRootBuild ?? 0, rootBuild ?? 0) + 1 }
}
