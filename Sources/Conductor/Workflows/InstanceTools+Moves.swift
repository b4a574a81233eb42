import ComputeModel
import ControlPlaneState
import DeviceTracking
import Foundation
import Persistence
import Placement
import Scheduler
import Workflow

// What all moves have in common: choosing another host with a claim on it, and letting ports
// follow.
extension InstanceTools {
    /// A new host, with what changes of the instance when it is claimed.
    struct Destination {
        var flavor: Flavor
        var hostName: String?
        /// Only these hosts come into question; nil for all.
        var onlyHosts: Set<HostID>?
        var zone: String?
    }

    /// Claims on another host than those where the instance has anything, and writes down what
    /// `note` changes of the instance in the same transaction. Does nothing when `isPlaced` says
    /// that it was done already.
    ///
    /// Throws `PlacementFailure`.
    func claimDestination(
        _ id: InstanceID, _ workflow: WorkflowID, _ destination: Destination,
        isPlaced: @escaping @Sendable (Instance) -> Bool,
        note: @escaping @Sendable (inout Instance, Candidate, DocumentSnapshot) throws -> Void
    ) async throws {
        let documents = self.documents
        if try isPlaced(instance(id)) { return }
        // A record of an earlier attempt is in the way of the next one.
        try await dropPlacement(workflow)
        try await placements.placer.claim { snapshot in
            let found = try snapshot.require(Instance.self, id.text)
            if isPlaced(found.value) { return ClaimProposal(jobs: []) { _, _ in } }
            if found.value.deletionRequested { throw WorkflowFailure.cancelled }
            let job = try self.job(found.value, workflow, destination, snapshot)
            return ClaimProposal(jobs: [job], exclusive: Self.groups(found.value)) {
                candidates, transaction in
                guard let candidate = candidates.first else {
                    throw WorkflowStateError.missing(
                        .destination, id, workflow: workflow.text)
                }
                var changed = found.value
                try note(&changed, candidate, snapshot)
                changed.updatedAt = self.context.now()
                try transaction.update(found, to: changed)
                if let group = found.value.serverGroupID,
                    let stored = try documents.get(ServerGroup.self, group.text)
                {
                    try transaction.update(stored, to: stored.value)
                }
            }
        }
    }

    /// The same for an instance that keeps its present host until the move is done: the new one is
    /// noted as its destination, and in the record of the move, whose status is `status` then.
    /// Returns it.
    func claimMoveDestination(
        _ id: InstanceID, _ workflow: WorkflowID, _ migration: MigrationID,
        _ destination: Destination, status: MigrationStatus?
    ) async throws -> HostID {
        try await claimDestination(
            id, workflow, destination, isPlaced: { $0.moveDestination != nil },
            note: { instance, candidate, _ in instance.moveDestination = candidate.hostID })
        guard let host = try instance(id).moveDestination else {
            throw WorkflowStateError.missing(.destination, id, workflow: workflow.text)
        }
        let name = try guests.name(of: host)
        try await changeMigration(migration) { record in
            record.destinationHostID = host
            record.destinationHostName = name
            record.status = status ?? record.status
        }
        return host
    }

    private static func groups(_ instance: Instance) -> Set<String> {
        instance.serverGroupID.map { [$0.text] } ?? []
    }

    private func dropPlacement(_ workflow: WorkflowID) async throws {
        try await context.retryingConflicts(.workflow) {
            guard let record = try documents.get(PlacementRecord.self, workflow.text) else {
                return
            }
            try await documents.transact { try $0.delete(record) }
        }
    }

    private func job(
        _ instance: Instance, _ workflow: WorkflowID, _ destination: Destination,
        _ snapshot: DocumentSnapshot
    ) throws -> PlacementJob {
        var target = instance
        target.flavor = destination.flavor
        target.requestedHost = destination.hostName
        target.requestedZone = destination.zone ?? instance.requestedZone
        var request = try placements.request(for: target, snapshot)
        request.group = try placements.group(of: instance, snapshot)
        // A host that still has something of the instance can't take it a second time.
        let occupied = try snapshot.list(Assignment.self).map(\.value)
            .filter { $0.instanceID == instance.id }.map(\.hostID)
        request.excludedHosts.formUnion(occupied)
        if let host = instance.hostID { request.excludedHosts.insert(host) }
        if let only = destination.onlyHosts {
            request.onlyHosts = request.onlyHosts.map { $0.intersection(only) } ?? only
        }
        return PlacementJob(
            request: request, instanceID: instance.id, projectID: instance.projectID,
            workflowID: workflow)
    }

    /// The present bindings of the instance's ports, by port.
    func bindings(
        of instance: Instance, _ snapshot: DocumentSnapshot
    ) throws -> [String: PortBinding] {
        var bindings: [String: PortBinding] = [:]
        for interface in instance.interfaces {
            if let port = try snapshot.get(NetworkPort.self, interface.portID.text) {
                bindings[interface.portID.text] = port.value.binding
            }
        }
        return bindings
    }

    /// Binds the instance's ports to the devices that its claim on `host` has for them.
    ///
    /// Throws `GuestFailure` for a device that vanished meanwhile, `WorkflowStateError` when
    /// there is no claim.
    func bindPorts(of id: InstanceID, to host: HostID, isActive: Bool = true) async throws {
        try await context.retryingConflicts(.port) {
            let snapshot = documents.snapshot()
            guard let claim = try snapshot.get(HostLedger.self, host.text)?.value.claim(of: id)
            else {
                throw WorkflowStateError.missing(
                    .claim, id,
                    workflow: try snapshot.get(Instance.self, id.text)?.value.workflowID?.text
                        ?? "none")
            }
            let report = try snapshot.get(HostReport.self, host.text)?.value
            var transaction = documents.makeTransaction()
            for owned in claim.devices {
                guard let portID = owned.portID,
                    let port = try snapshot.get(NetworkPort.self, portID.text)
                else { continue }
                let bound = isActive ? port.value.binding : port.value.inactiveBinding
                if bound?.hostID == host, bound?.deviceID == owned.deviceID { continue }
                guard let device = report?.devices.first(where: { $0.id == owned.deviceID })
                else {
                    throw GuestFailure(
                        tenantMessage: "The device claimed for port \(portID) vanished.",
                        detail: "device \(owned.deviceID) is no longer reported by"
                            + " \(try guests.name(of: host))")
                }
                let binding = PortBinding(device, host, try guests.name(of: host))
                if isActive {
                    try ports.bind(
                        port, binding: binding,
                        adoptedMAC: device.macSettable ? nil : device.macAddress,
                        in: &transaction)
                } else {
                    var changed = port.value
                    changed.inactiveBinding = binding
                    try ports.write(changed, over: port, in: &transaction)
                }
            }
            try await documents.commit(transaction)
        }
    }

    /// Takes the instance's ports off their hosts; they stay the instance's.
    func unbindPorts(of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            for interface in try instance(id).interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    port.value.deviceID == id.text
                else { continue }
                try ports.unbind(port, keepDevice: true, in: &transaction)
            }
            try await documents.commit(transaction)
        }
    }

    /// Binds ports as `bindings` says.
    func restore(_ bindings: [String: PortBinding], of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            var transaction = documents.makeTransaction()
            try restore(bindings, of: id, in: &transaction)
            try await documents.commit(transaction)
        }
    }

    /// Binds ports as `bindings` says, as part of `transaction`.
    func restore(
        _ bindings: [String: PortBinding], of id: InstanceID,
        in transaction: inout DocumentTransaction
    ) throws {
        for (portID, binding) in bindings.sorted(by: { $0.key < $1.key }) {
            guard let port = try documents.get(NetworkPort.self, portID),
                port.value.deviceID == id.text, port.value.binding != binding
            else { continue }
            let device = try documents.get(HostReport.self, binding.hostID.text)?.value.devices
                .first { $0.id == binding.deviceID }
            let isFixed = device.map { !$0.macSettable } ?? false
            try ports.bind(
                port, binding: binding, adoptedMAC: isFixed ? device?.macAddress : nil,
                in: &transaction)
        }
    }
}

// MARK: - The guest on its host

extension InstanceTools {
    /// Takes the guest's power, and waits until it is off.
    ///
    /// Throws `GuestFailure` when its host can't do it, or says nothing in time.
    func powerOff(
        _ id: InstanceID, on host: HostID, by mark: String, _ step: StepContext
    ) async throws {
        try await guests.rewrite(id, on: host, by: mark) { assignment, _ in
            assignment.goal = .stopped
            assignment.restart = nil
        }
        try await guests.awaitSettled(
            id, on: host, within: context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    /// What became of a guest whose assignment an undo has written as it was.
    enum Restoration {
        case done
        /// Its host says that it can't.
        case failed
        /// No word in time: its host goes on trying.
        case unknown
    }

    /// Waits until what an undo has assigned came true.
    func restoration(
        of id: InstanceID, on host: HostID, within limit: Duration, _ step: StepContext
    ) async throws -> Restoration {
        do {
            try await guests.awaitSettled(
                id, on: host, within: limit, checkCancellation: step.checkCancellation)
            return .done
        } catch is GuestFailure {
            return try guests.isFailed(id, on: host) ? .failed : .unknown
        }
    }
}

// MARK: - Migration records

extension InstanceTools {
    /// A record of a move, with a number that no other has, as part of `transaction`.
    func insertMigration(
        _ id: MigrationID, of instance: Instance, kind: MigrationKind, newFlavor: FlavorID,
        workflow: WorkflowID, _ caller: Caller, in transaction: inout DocumentTransaction
    ) throws {
        guard let host = instance.hostID, let name = instance.hostName else {
            throw DomainError.conflict(
                .server, .state, "Instance \(instance.id) is on no host.")
        }
        let number = (try documents.list(Migration.self).map(\.value.number).max() ?? 0) + 1
        try transaction.insert(
            Reservation(
                kind: "migration-number", scope: "all", value: String(number), holder: id.text))
        let status: MigrationStatus =
            kind == .liveMigration || kind == .evacuation ? .accepted : .preMigrating
        try transaction.insert(
            Migration(
                id: id, number: number, instance: instance, kind: kind, status: status,
                sourceHostID: host, sourceHostName: name, newFlavorID: newFlavor,
                userID: caller.userID, projectID: instance.projectID, workflowID: workflow,
                createdAt: context.now()))
    }

    /// Changes the record of a move; nothing happens to one that was swept away.
    func changeMigration(
        _ id: MigrationID, _ body: (inout Migration) -> Void
    ) async throws {
        try await context.retryingConflicts(.migration) {
            guard let found = try documents.get(Migration.self, id.text) else { return }
            var changed = found.value
            body(&changed)
            guard changed != found.value else { return }
            changed.updatedAt = context.now()
            let written = changed
            try await documents.transact { try $0.update(found, to: written) }
        }
    }
}
