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

    private func receive(_ report: GuestReport) async throws {
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
        try await documents.commit(transaction)
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
        try await documents.commit(transaction)
        context.logger.info(
            "a guest is gone, its claim is released",
            metadata: ["instance": "\(instance)", "host": "\(host)"])
    }

    private func carryOver(
        _ report: GuestReport, into transaction: inout DocumentTransaction
    ) throws {
        let documents = context.documents
        guard let instance = try documents.get(Instance.self, report.instanceID.text),
            instance.value.hostID == report.hostID, instance.value.state != .deleted
        else { return }
        var changed = instance.value
        changed.observed = report.power
        // What a guest does by itself shows when nothing else is being done to it.
        if changed.workflowID == nil, report.phase == .settled {
            switch (changed.state, report.power) {
            case (.active, .shutdown), (.active, .crashed): changed.state = .stopped
            case (.stopped, .running): changed.state = .active
            default: break
            }
        }
        if changed != instance.value {
            changed.updatedAt = context.now()
            try transaction.update(instance, to: changed)
        }
        for interface in changed.interfaces {
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
}

extension GuestReport {
    /// Whether it says the same; the time of saying doesn't count.
    func isSame(as other: GuestReport) -> Bool {
        var copy = other
        copy.reportedAt = reportedAt
        return copy == self
    }
}
