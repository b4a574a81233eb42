import ComputeModel
import AgentProtocol
import Foundation
import Persistence

/// Audits the control plane's documents and, if wanted, what hosts really have.
public struct AuditRun: Sendable {
    let context: ConductorContext
    let hosts: Hosts
    let questions: HostQuestions
    let parts: InstanceParts

    /// Everything that disagrees; empty when all is well.
    ///
    /// - Parameters:
    ///   - asksHosts: compares assignments with what each host's drivers list, too.
    ///   - repairs: mends what is safe to mend, and notes it with the finding.
    public func findings(asksHosts: Bool, repairs: Bool) async throws -> [AuditFinding] {
        var findings = try Audit(context.documents.snapshot()).findings()
        if asksHosts { findings += try await hostFindings() }
        guard repairs else { return findings }
        for index in findings.indices {
            findings[index].repair = try await repair(findings[index])
        }
        return findings
    }

    // MARK: Hosts

    private func hostFindings() async throws -> [AuditFinding] {
        let views = try hosts.list()
        return try await withThrowingTaskGroup(of: (Int, [AuditFinding]).self) { group in
            for (index, view) in views.enumerated() {
                group.addTask { (index, try await ask(view)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
                .sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private func ask(_ view: HostView) async throws -> [AuditFinding] {
        let name = view.host.name
        guard view.isUp else {
            return [AuditFinding(.hostSilent, "host \(name)", "it is down")]
        }
        do {
            let inventory = try await questions.inventory(of: view.host.id)
            return try compare(inventory, view.host)
        } catch let error as DomainError {
            return [AuditFinding(.hostSilent, "host \(name)", "\(error)")]
        }
    }

    /// What a host has against what it is assigned. Assignments that the host has not answered yet
    /// are under way and left out.
    private func compare(
        _ inventory: HostInventory, _ host: ComputeHost
    ) throws -> [AuditFinding] {
        let snapshot = context.documents.snapshot()
        let assignments = try snapshot.list(Assignment.self, prefix: Assignment.keys(of: host.id))
            .map(\.value)
        let wanted = Dictionary(
            assignments.map { ($0.instanceID, $0) }, uniquingKeysWith: { first, _ in first })
        var findings: [AuditFinding] = []
        func note(_ id: InstanceID, _ detail: String) {
            findings.append(
                AuditFinding(.hostDiffers, "server \(id) on host \(host.name)", detail))
        }
        let present = Dictionary(
            inventory.guests.map { ($0.instanceID, $0) }, uniquingKeysWith: { first, _ in first })
        for id in Set(present.keys).union(inventory.stored).union(inventory.vifs.map(\.instanceID))
            .sorted() where wanted[id] == nil
        {
            note(id, "the host has traces of it, and nothing is assigned there")
        }
        for assignment in assignments {
            let id = assignment.instanceID
            let report = try snapshot.get(GuestReport.self, GuestReport.key(host.id, id))?.value
            guard let report, report.generation == assignment.generation,
                report.phase == .settled
            else { continue }
            findings += AuditRun.differences(
                assignment, present[id], inventory.vifs.filter { $0.instanceID == id },
                report.power, hostName: host.name)
        }
        return findings
    }

    private static func differences(
        _ assignment: Assignment, _ guest: HostInventory.Guest?, _ vifs: [HostInventory.VIF],
        _ reported: GuestPower, hostName: String
    ) -> [AuditFinding] {
        let object = "server \(assignment.instanceID) on host \(hostName)"
        var findings: [AuditFinding] = []
        func note(_ detail: String) {
            findings.append(AuditFinding(.hostDiffers, object, detail))
        }
        let power = guest?.power ?? .shutdown
        if power != reported, !(guest == nil && reported == .none) {
            note("its power is \(power), and \(reported) was reported")
        }
        let wanted = Set(assignment.guest.interfaces.map(\.portID))
        if let guest, guest.power == .running || guest.power == .paused,
            Set(guest.ports) != wanted
        {
            note(
                "the guest has the NICs of ports \(guest.ports.map(\.text).sorted()),"
                    + " \(wanted.map(\.text).sorted()) are assigned")
        }
        let plugged = Set(vifs.map(\.portID))
        let expected = assignment.goal == .suspended ? [] : wanted
        if plugged != expected {
            note(
                "ports \(plugged.map(\.text).sorted()) are on the switch,"
                    + " \(expected.map(\.text).sorted()) should be")
        }
        return findings
    }

    // MARK: Repair

    /// Mends what can't harm a guest; says what was done, or nil.
    private func repair(_ finding: AuditFinding) async throws -> String? {
        switch finding.target {
        case .image(let id):
            try await parts.diskCopies.discard(id)
            return "the image was deleted"
        case .port(let id): return try await freePort(id)
        case .claim(let instance, let host):
            try await parts.guests.releaseUnassignedClaim(of: instance, on: host)
            return "the claim was released"
        case .server(let id):
            try await parts.instances.release(id) { _ in }
            return "the task was cleared"
        case .migration(let id):
            try await parts.migrationRecords.change(id) { $0.status = .error }
            return "it was set to error"
        case nil: return nil
        }
    }

    private func freePort(_ id: PortID) async throws -> String? {
        try await context.retryingConflicts(.port) {
            guard let port = try context.documents.get(NetworkPort.self, id.text) else {
                return nil
            }
            var transaction = context.documents.makeTransaction()
            try parts.ports.unbind(port, keepDevice: false, in: &transaction)
            try await context.documents.commit(transaction)
            return "the port was unbound and is free"
        }
    }
}
