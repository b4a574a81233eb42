import ComputeModel
import Foundation
import Persistence

// How workflows change what an instance shall be on one of its hosts. Each change is marked with
// the step that makes it, so that a step that is repeated after a crash changes nothing.
extension GuestAssignments {
    /// The assignment of an instance on a host.
    func current(_ id: InstanceID, on host: HostID) throws -> Assignment? {
        try context.documents.get(Assignment.self, Assignment.key(host, id))?.value
    }

    /// Writes the next generation of an assignment; `change` is handed its number. Nothing happens
    /// when the step wrote it already.
    ///
    /// Throws `WorkflowStateError` when there is none, or when it shall become absent: what was
    /// given up never comes back.
    func rewrite(
        _ id: InstanceID, on host: HostID, by mark: String,
        _ change: (inout Assignment, _ generation: Int) throws -> Void
    ) async throws {
        guard try await rewriteIfAssigned(id, on: host, by: mark, change) else {
            throw WorkflowStateError.missing(.assignment, id, workflow: mark)
        }
    }

    /// As `rewrite`, for undos: false when there is none to be changed, or when it shall become
    /// absent. Another undo, or the host, may have been faster, and nothing is to be brought back.
    @discardableResult
    func rewriteIfAssigned(
        _ id: InstanceID, on host: HostID, by mark: String,
        _ change: (inout Assignment, _ generation: Int) throws -> Void
    ) async throws -> Bool {
        try await context.retryingConflicts(.server) {
            let snapshot = context.documents.snapshot()
            guard let found = try snapshot.get(Assignment.self, Assignment.key(host, id)) else {
                return false
            }
            if found.value.writtenBy == mark { return true }
            guard found.value.goal != .absent else { return false }
            var changed = found.value
            let generation = try nextGeneration(id, snapshot, besides: [host])
            try change(&changed, generation)
            changed.generation = generation
            changed.writtenBy = mark
            try await context.documents.transact { try $0.update(found, to: changed) }
            return true
        }
    }

    /// Writes the first assignment of an instance on a host; nothing happens when there is one.
    func insert(
        _ id: InstanceID, on host: HostID, by mark: String,
        _ make: (DocumentSnapshot, _ generation: Int) throws -> Assignment
    ) async throws {
        try await context.retryingConflicts(.server) {
            let snapshot = context.documents.snapshot()
            guard try snapshot.get(Assignment.self, Assignment.key(host, id)) == nil else { return }
            var made = try make(snapshot, try nextGeneration(id, snapshot, besides: [host]))
            made.writtenBy = mark
            let inserted = made
            try await context.documents.transact { try $0.insert(inserted) }
        }
    }

    /// Greater than any generation that a domain of the instance can have been defined from.
    private func nextGeneration(
        _ id: InstanceID, _ snapshot: DocumentSnapshot, besides hosts: Set<HostID>
    ) throws -> Int {
        var hosts = hosts
        let instance = try snapshot.get(Instance.self, id.text)?.value
        if let host = instance?.hostID { hosts.insert(host) }
        if let host = instance?.moveDestination { hosts.insert(host) }
        if let resize = instance?.resize { hosts.formUnion([resize.oldHostID, resize.newHostID]) }
        if let move = instance?.migrationID,
            let migration = try snapshot.get(Migration.self, move.text)?.value
        {
            hosts.insert(migration.sourceHostID)
            if let destination = migration.destinationHostID { hosts.insert(destination) }
        }
        let generations = try hosts.compactMap {
            try snapshot.get(Assignment.self, Assignment.key($0, id))?.value.generation
        }
        return (generations.max() ?? 0) + 1
    }

    /// What a host is waited for, as tenants are told when it doesn't do it.
    enum Awaited {
        /// That a guest runs for the first time.
        case build
        /// That a change of the guest is done.
        case change

        var isDown: String {
            switch self {
            case .build: "The compute host stopped answering during the build."
            case .change: "The compute host stopped answering."
            }
        }

        var isLate: String {
            switch self {
            case .build: "The server was not running within the build time."
            case .change: "The compute host did not finish in time."
            }
        }
    }

    /// Waits until the host has said its last word about the present assignment, and returns it.
    ///
    /// Throws `GuestFailure` when the host is down or the time is over.
    func awaitWord(
        _ id: InstanceID, on host: HostID, during awaited: Awaited = .change,
        within limit: Duration, checkCancellation: @Sendable () throws -> Void
    ) async throws -> GuestReport {
        var waited: Duration = .zero
        while waited < limit {
            try checkCancellation()
            if let report = try await report(of: id, on: host, within: Self.lookInterval) {
                return report
            }
            waited += Self.lookInterval
            guard try hosts.isUp(host) else {
                throw GuestFailure(
                    tenantMessage: awaited.isDown, detail: "host \(try name(of: host)) is down")
            }
        }
        throw GuestFailure(
            tenantMessage: awaited.isLate,
            detail: "no word from host \(try name(of: host)) within \(limit)")
    }

    /// As `awaitWord`; throws `GuestFailure` also when the word is that it did not work.
    func awaitSettled(
        _ id: InstanceID, on host: HostID, during awaited: Awaited = .change,
        within limit: Duration, checkCancellation: @Sendable () throws -> Void
    ) async throws {
        try Self.judge(
            try await awaitWord(
                id, on: host, during: awaited, within: limit,
                checkCancellation: checkCancellation))
    }

    /// The power of the guest as the host said last: an instance that gets there has been told of
    /// before.
    func power(of id: InstanceID, on host: HostID) throws -> GuestPower {
        try context.documents.get(GuestReport.self, GuestReport.key(host, id))?.value.power ?? .none
    }

    /// Whether the host's last word is that the present assignment did not work.
    func isFailed(_ id: InstanceID, on host: HostID) throws -> Bool {
        let report = try context.documents.get(GuestReport.self, GuestReport.key(host, id))?.value
        let generation = try current(id, on: host)?.generation
        return report?.generation == generation && report?.phase == .failed
    }

    /// The host's name; its id for one that is not known.
    func name(of host: HostID) throws -> String {
        try context.documents.get(ComputeHost.self, host.text)?.value.name ?? host.text
    }

    /// Every host that may have something of the instance.
    func hostsWithTraces(_ instance: Instance) throws -> [HostID] {
        var hosts: Set<HostID> = []
        if let host = instance.hostID { hosts.insert(host) }
        if let host = instance.moveDestination { hosts.insert(host) }
        if let resize = instance.resize { hosts.formUnion([resize.oldHostID, resize.newHostID]) }
        for migration in try context.documents.list(Migration.self).map(\.value)
        where migration.instanceID == instance.id {
            hosts.insert(migration.sourceHostID)
            if let destination = migration.destinationHostID { hosts.insert(destination) }
        }
        return hosts.sorted()
    }
}

// MARK: - Claims

extension GuestAssignments {
    /// Marks the instance's claim on a host as used by a guest.
    ///
    /// Throws `WorkflowStateError` when there is no claim: nobody may run on what isn't theirs.
    func allocate(
        _ id: InstanceID, on host: HostID, by mark: String,
        in transaction: inout DocumentTransaction
    ) throws {
        let ledger = try context.documents.get(HostLedger.self, host.text)?.value
        guard ledger?.claim(of: id) != nil else {
            throw WorkflowStateError.missing(.claim, id, workflow: mark)
        }
        try changeClaim(id, on: host, in: &transaction) { $0.phase = .allocated }
    }

    /// Changes the instance's claim on a host, if there is one.
    func changeClaim(
        _ id: InstanceID, on host: HostID, in transaction: inout DocumentTransaction,
        _ change: (inout Claim) -> Void
    ) throws {
        guard let ledger = try context.documents.get(HostLedger.self, host.text) else { return }
        var changed = ledger.value
        for index in changed.claims.indices where changed.claims[index].instanceID == id {
            change(&changed.claims[index])
        }
        if changed != ledger.value { try transaction.update(ledger, to: changed) }
    }

    /// Takes back the claim on a host that no guest can be using, because nothing was ever
    /// assigned there. A claim with an assignment stays until its host answers.
    func releaseUnassignedClaim(of id: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.server) {
            var transaction = context.documents.makeTransaction()
            try releaseUnassignedClaim(of: id, on: host, in: &transaction)
            try await context.documents.commit(transaction)
        }
    }

    /// The same as part of `transaction`, under the condition that still nothing is assigned.
    func releaseUnassignedClaim(
        of id: InstanceID, on host: HostID, in transaction: inout DocumentTransaction
    ) throws {
        guard try context.documents.get(Assignment.self, Assignment.key(host, id)) == nil,
            let ledger = try context.documents.get(HostLedger.self, host.text),
            ledger.value.claim(of: id) != nil
        else { return }
        try transaction.requireAbsent(Assignment.self, Assignment.key(host, id))
        var changed = ledger.value
        changed.claims.removeAll { $0.instanceID == id }
        try transaction.update(ledger, to: changed)
    }
}

// MARK: - Removing from one host

extension GuestAssignments {
    /// Turns the assignment on a host to `absent`; nothing happens without one.
    func withdraw(_ id: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.server) {
            try await withdrawOnce(id, on: host)
        }
    }

    /// `withdraw`, then waits until the host has said that nothing is left. A host that is down, or
    /// takes longer than the removal time, is not waited for: claim and assignment stay, and are
    /// let go when it answers.
    func remove(_ id: InstanceID, from host: HostID) async throws {
        let key = Assignment.key(host, id)
        try await withdraw(id, on: host)
        var waited: Duration = .zero
        while waited < context.settings.removalTimeout {
            do {
                return try await context.documents.wait(
                    for: Assignment.self, key, timeout: Self.lookInterval, clock: context.clock
                ) { $0 == nil ? () : nil }
            } catch StoreError.timedOut {
                waited += Self.lookInterval
            }
            if try !hosts.isUp(host) { break }
        }
        context.logger.warning(
            "a guest could not be removed yet; its claim stays until its host answers",
            metadata: ["instance": "\(id)", "host": "\(host)"])
    }

    /// As `remove`, for a guest that shall run elsewhere next: it must not run here any more. A
    /// host that says nothing may be cut off, with the guest running, so it is waited for however
    /// long that takes; one that was declared dead is not, nor is it for an instance that is to be
    /// deleted.
    func removeBeforeStart(_ id: InstanceID, from host: HostID) async throws {
        while true {
            try await remove(id, from: host)
            guard try current(id, on: host) != nil,
                try context.documents.get(Instance.self, id.text)?.value.deletionRequested
                    == false,
                try context.documents.get(ComputeHost.self, host.text)?.value.forcedDown == false
            else { return }
            context.logger.warning(
                "the guest may run on a silent host: bring the host back, or declare it dead",
                metadata: ["instance": "\(id)", "host": "\(host)"])
            try await context.clock.sleep(for: Self.silencePause)
        }
    }

    /// How often a host that doesn't answer is looked at.
    private static let silencePause: Duration = .seconds(5)
}
