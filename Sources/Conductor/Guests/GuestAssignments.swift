import ComputeModel
import Foundation
import Networking
import Persistence

/// What workflows do with a placed instance's host: assign, await, withdraw, release. Every
/// function can be repeated after a crash at any point.
struct GuestAssignments: Sendable {
    let context: ConductorContext
    let ports: Ports
    let hosts: Hosts

    private var documents: DocumentStore { context.documents }

    /// Writes the assignment that makes the host build and run the guest; an assignment that is
    /// there already is left alone.
    func assign(_ id: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.server) {
            let snapshot = documents.snapshot()
            let instance = try snapshot.require(Instance.self, id.text)
            guard try snapshot.get(Assignment.self, Assignment.key(host, id)) == nil else { return }
            let guest = try GuestDefinitions.guest(instance.value, host: host, snapshot)
            var spawning = instance.value
            if !spawning.deletionRequested { spawning.task = .spawning }
            spawning.updatedAt = context.now()
            try await documents.transact { transaction in
                try transaction.insert(
                    Assignment(
                        instanceID: id, hostID: host, generation: 1, goal: .running, guest: guest)
                )
                try transaction.update(instance, to: spawning)
            }
        }
    }

    /// How often a wait looks up whether the host is still alive.
    static let lookInterval: Duration = .seconds(1)

    /// A report that says the last word about the present assignment; nil when there is none yet.
    func report(
        of id: InstanceID, on host: HostID, within timeout: Duration
    ) async throws -> GuestReport? {
        let generation = try documents.get(Assignment.self, Assignment.key(host, id))?.value
            .generation
        do {
            // The type is written down: left to inference, `nil` would count as an answer.
            let last: GuestReport = try await documents.wait(
                for: GuestReport.self, GuestReport.key(host, id), timeout: timeout,
                clock: context.clock
            ) { report in
                guard let report = report?.value, report.generation == generation else {
                    return nil
                }
                return report.phase == .working ? nil : report
            }
            return last
        } catch StoreError.timedOut {
            return nil
        }
    }

    static func judge(_ report: GuestReport) throws {
        guard report.phase == .failed else { return }
        throw GuestFailure(
            tenantMessage: report.failure ?? "The compute host could not build the server.",
            detail: report.detail)
    }

    /// Removes the guest from every host that may have something of it; see `remove(_:from:)`.
    func remove(_ id: InstanceID) async throws {
        guard let instance = try documents.get(Instance.self, id.text)?.value else { return }
        let hosts = try hostsWithTraces(instance)
        for host in hosts { try await withdraw(id, on: host) }
        for host in hosts { try await remove(id, from: host) }
    }

    /// One attempt of `withdraw(_:on:)`, which another writer may beat.
    func withdrawOnce(_ id: InstanceID, on host: HostID) async throws {
        guard let assignment = try documents.get(Assignment.self, Assignment.key(host, id)),
            assignment.value.goal != .absent
        else { return }
        var transaction = documents.makeTransaction()
        var withdrawn = assignment.value
        withdrawn.goal = .absent
        withdrawn.generation += 1
        try transaction.update(assignment, to: withdrawn)
        if let ledger = try documents.get(HostLedger.self, host.text) {
            var changed = ledger.value
            for index in changed.claims.indices where changed.claims[index].instanceID == id {
                changed.claims[index].phase = .releasing
            }
            if changed != ledger.value { try transaction.update(ledger, to: changed) }
        }
        try await documents.commit(transaction)
    }

    /// Takes back the claim of the instance on its host if no guest can be using it, because
    /// nothing was ever assigned, and forgets the host. Claims with an assignment are let go when
    /// the host answers.
    func unplace(_ instance: inout Instance, in transaction: inout DocumentTransaction) throws {
        guard let host = instance.hostID else { return }
        try releaseUnassignedClaim(of: instance.id, on: host, in: &transaction)
        instance.hostID = nil
        instance.hostName = nil
        instance.zone = nil
        instance.observed = .none
    }

    /// Unbinds the instance's ports and gives them back; those made for it are deleted.
    func releasePorts(of id: InstanceID) async throws {
        try await context.retryingConflicts(.port) {
            guard let instance = try documents.get(Instance.self, id.text)?.value else { return }
            var transaction = documents.makeTransaction()
            for interface in instance.interfaces {
                guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                    port.value.deviceID == id.text
                else { continue }
                if interface.deletedWithInstance {
                    try ports.remove(port, in: &transaction)
                } else {
                    try ports.unbind(port, keepDevice: false, in: &transaction)
                }
            }
            try await documents.commit(transaction)
        }
    }
}

/// A guest that did not come about.
struct GuestFailure: Error, CustomStringConvertible {
    /// For the tenant: no host, no path.
    let tenantMessage: String
    /// For operators.
    let detail: String

    var description: String { "\(tenantMessage) (\(detail))" }
}
