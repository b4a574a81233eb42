import ComputeModel
import Foundation
import Persistence

/// Takes in what agents say of their guests: stores it, carries it over to instances and ports,
/// and lets go of what a host has said is gone. The only writer of observed state.
public struct GuestReports: Sendable {
    private let context: ConductorContext

    /// Receives for all hosts.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// Takes in reports; durable when it returns. Reports that answer an older assignment than
    /// the present one are kept out, those that repeat change nothing.
    public func receive(_ reports: [GuestReport]) async throws {
        for report in reports {
            try await context.retryingConflicts(.server) { try await receive(report) }
        }
    }

    private func receive(_ told: GuestReport) async throws {
        let report = told.byClock(of: context.now())
        let documents = context.documents
        let key = report.documentKey
        guard let assignment = try documents.get(Assignment.self, key) else {
            // Nothing is assigned any more; what is left of an earlier report goes too.
            if let old = try documents.get(GuestReport.self, key) {
                try await documents.transact { try $0.delete(old) }
            }
            return
        }
        guard report.generation == assignment.value.generation else { return }
        if report.phase == .absent, assignment.value.goal == .absent {
            return try await letGo(assignment)
        }
        var transaction = documents.makeTransaction()
        if try documents.get(GuestReport.self, key)?.value.isSame(as: report) != true {
            try transaction.put(report)
        }
        try carryOver(report, into: &transaction)
        try noteMigration(report, into: &transaction)
        guard !transaction.writesNothing else { return }
        try await documents.commit(transaction)
    }

    /// Progress and outage of a live migration; the clocks of hosts may differ, so all times are
    /// the control plane's by now.
    private func noteMigration(
        _ report: GuestReport, into transaction: inout DocumentTransaction
    ) throws {
        guard let told = report.migration,
            let migration = try context.documents.get(
                Migration.self, told.migrationID.text)
        else { return }
        var changed = migration.value
        if report.hostID == changed.sourceHostID, told.memoryTotalBytes > 0 {
            changed.progress = told
            changed.progress?.networkLostAt = nil
        }
        changed.networkLostAt = changed.networkLostAt ?? told.networkLostAt
        if report.hostID == changed.destinationHostID {
            changed.networkBackAt = changed.networkBackAt ?? told.networkBackAt
        }
        if let lost = changed.networkLostAt, let back = changed.networkBackAt {
            changed.networkOutageMS = max(0, Int((back.timeIntervalSince(lost) * 1_000).rounded()))
        }
        guard changed != migration.value else { return }
        changed.updatedAt = context.now()
        try transaction.update(migration, to: changed)
    }

    /// The host has said that nothing of the guest is left: claim, assignment and report go in
    /// one transaction, and the devices are free.
    private func letGo(_ assignment: Versioned<Assignment>) async throws {
        let documents = context.documents
        let instance = assignment.value.instanceID
        var transaction = documents.makeTransaction()
        try transaction.delete(assignment)
        if let report = try documents.get(GuestReport.self, assignment.id) {
            try transaction.delete(report)
        }
        let host = assignment.value.hostID
        if let ledger = try documents.get(HostLedger.self, host.text),
            ledger.value.claim(of: instance) != nil
        {
            var changed = ledger.value
            changed.claims.removeAll { $0.instanceID == instance }
            try transaction.update(ledger, to: changed)
        }
        try completeEvacuation(of: instance, from: host, in: &transaction)
        try await documents.commit(transaction)
        context.logger.info(
            "a guest is gone, its claim is released",
            metadata: ["instance": "\(instance)", "host": "\(host)"])
    }

    /// The old host of an evacuated instance is clean again.
    private func completeEvacuation(
        of instance: InstanceID, from host: HostID, in transaction: inout DocumentTransaction
    ) throws {
        for migration in try context.documents.list(Migration.self)
        where migration.value.instanceID == instance && migration.value.sourceHostID == host
            && migration.value.kind == .evacuation && migration.value.status == .done
        {
            var completed = migration.value
            completed.status = .completed
            completed.updatedAt = context.now()
            try transaction.update(migration, to: completed)
        }
    }

    /// Carries over again what a host said last, because the instance is on that host only now.
    func reconsider(_ instance: InstanceID, on host: HostID) async throws {
        try await context.retryingConflicts(.server) {
            let key = GuestReport.key(host, instance)
            guard let report = try context.documents.get(GuestReport.self, key)?.value else {
                return
            }
            var transaction = context.documents.makeTransaction()
            try carryOver(report, into: &transaction)
            try await context.documents.commit(transaction)
        }
    }

    private func carryOver(
        _ report: GuestReport, into transaction: inout DocumentTransaction
    ) throws {
        let documents = context.documents
        guard let instance = try documents.get(Instance.self, report.instanceID.text),
            instance.value.state != .deleted
        else { return }
        // Ports can be on the host already that their instance is on the way to.
        if instance.value.hostID == report.hostID {
            try carryOver(report, to: instance, into: &transaction)
        }
        for interface in instance.value.interfaces {
            guard let port = try documents.get(NetworkPort.self, interface.portID.text),
                port.value.binding?.hostID == report.hostID
            else { continue }
            let isUp = report.portsUp.contains(interface.portID)
            guard port.value.linkUp != isUp else { continue }
            var wired = port.value
            wired.linkUp = isUp
            wired.updatedAt = context.now()
            wired.revisionNumber += 1
            try transaction.update(port, to: wired)
        }
    }

    private func carryOver(
        _ report: GuestReport, to instance: Versioned<Instance>,
        into transaction: inout DocumentTransaction
    ) throws {
        var changed = instance.value
        changed.observed = report.power
        try adopt(report, &changed, into: &transaction)
        if changed != instance.value {
            changed.updatedAt = context.now()
            try transaction.update(instance, to: changed)
        } else {
            // A workflow that lets go of it meanwhile has not seen this report.
            try transaction.require(instance)
        }
    }

    /// What its host said last of an instance that a workflow lets go of in this transaction: the
    /// word came while the workflow had it, and isn't said again.
    func catchUp(_ instance: inout Instance, into transaction: inout DocumentTransaction) throws {
        guard let host = instance.hostID else { return }
        let key = GuestReport.key(host, instance.id)
        guard let report = try context.documents.get(GuestReport.self, key) else {
            return try transaction.requireAbsent(GuestReport.self, key)
        }
        try transaction.require(report)
        guard let assignment = try context.documents.get(Assignment.self, key)?.value,
            report.value.generation == assignment.generation
        else { return }
        try adopt(report.value, &instance, into: &transaction)
    }

    /// What a guest does by itself shows when nothing else is being done to it; one that was given
    /// up is as off as one that went off.
    private func adopt(
        _ report: GuestReport, _ instance: inout Instance,
        into transaction: inout DocumentTransaction
    ) throws {
        guard instance.workflowID == nil, report.phase == .settled || report.phase == .failed
        else { return }
        switch (instance.state, report.power) {
        case (.active, .shutdown), (.active, .crashed), (.paused, .shutdown), (.rescued, .shutdown):
            try instance.enter(.stopped)
            context.logger.notice(
                "a server is off by itself",
                metadata: ["instance": "\(instance.id)", "reason": "\(report.detail)"])
        case (.stopped, .running): try instance.enter(.active)
        default: break
        }
        if try follow(report, into: &transaction) { instance.updatedAt = context.now() }
    }

    /// The goal follows a guest that went off or came on by itself: else the next change of its
    /// assignment, whatever that is for, would switch it back. False when nothing had to change.
    private func follow(
        _ report: GuestReport, into transaction: inout DocumentTransaction
    ) throws -> Bool {
        guard
            let assignment = try context.documents.get(Assignment.self, report.documentKey),
            assignment.value.generation == report.generation
        else { return false }
        var followed = assignment.value
        switch (followed.goal, report.power) {
        case (.running, .shutdown), (.running, .crashed), (.paused, .shutdown),
            (.paused, .crashed):
            followed.goal = .stopped
        case (.stopped, .running): followed.goal = .running
        default: return false
        }
        followed.generation += 1
        try transaction.update(assignment, to: followed)
        return true
    }
}

extension GuestReport {
    /// The report with its times by the clock of who receives it at `now`.
    func byClock(of now: Date) -> GuestReport {
        guard migration?.networkLostAt != nil || migration?.networkBackAt != nil else {
            return self
        }
        let offset = now.timeIntervalSince(reportedAt)
        var copy = self
        copy.migration?.networkLostAt = migration?.networkLostAt?.addingTimeInterval(offset)
        copy.migration?.networkBackAt = migration?.networkBackAt?.addingTimeInterval(offset)
        return copy
    }

    /// Whether it says the same; the time of saying doesn't count.
    func isSame(as other: GuestReport) -> Bool {
        var copy = other
        copy.reportedAt = reportedAt
        return copy == self
    }
}
