import ComputeModel
import ControlPlaneState
import Foundation
import Persistence
import Placement
import Scheduler
import Workflow

/// A new host, with what changes of the instance when it is claimed.
struct MoveDestination {
    var flavor: Flavor
    var hostName: String?
    /// Only these hosts come into question; nil for all.
    var onlyHosts: Set<HostID>?
    var zone: String?
}

/// Chooses another host for an instance that has one or had one, with a claim on it.
struct MoveDestinations: Sendable {
    let context: ConductorContext
    let placements: Placements
    let guests: GuestAssignments
    let instances: OwnedInstances
    let migrationRecords: MigrationRecords

    private var documents: DocumentStore { context.documents }

    /// Claims on another host than those where the instance has anything, and writes down what
    /// `note` changes of the instance in the same transaction. Does nothing when `isPlaced` says
    /// that it was done already.
    ///
    /// Throws `PlacementFailure`.
    func claim(
        _ id: InstanceID, _ workflow: WorkflowID, _ destination: MoveDestination,
        isPlaced: @escaping @Sendable (Instance) -> Bool,
        note: @escaping @Sendable (inout Instance, Candidate, DocumentSnapshot) throws -> Void
    ) async throws {
        if try isPlaced(instances.find(id)) { return }
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
    func claimKeepingHost(
        _ id: InstanceID, _ workflow: WorkflowID, _ migration: MigrationID,
        _ destination: MoveDestination, status: MigrationStatus?
    ) async throws -> HostID {
        try await claim(
            id, workflow, destination, isPlaced: { $0.moveDestination != nil },
            note: { instance, candidate, _ in instance.moveDestination = candidate.hostID })
        guard let host = try instances.find(id).moveDestination else {
            throw WorkflowStateError.missing(.destination, id, workflow: workflow.text)
        }
        let name = try guests.name(of: host)
        try await migrationRecords.change(migration) { record in
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
        _ instance: Instance, _ workflow: WorkflowID, _ destination: MoveDestination,
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
}
