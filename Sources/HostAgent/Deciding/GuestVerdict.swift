import ComputeModel
import Foundation
import HostDrivers

/// The report on an assignment for which nothing is left to do. Pure.
///
/// The power is what was seen: a guest that powered itself off is `settled` and `shutdown`.
/// - `migration`: how far a live migration is, where one was asked for.
public func verdict(
    on assignment: Assignment, _ traces: GuestTraces, remembered: RecordedGuest?,
    migration: GuestMigrationReport? = nil, now: Date
) -> GuestReport {
    let comparison = Comparison(
        assignment: assignment, traces: traces, remembered: remembered)
    var report = GuestReport(
        instanceID: assignment.instanceID, hostID: assignment.hostID,
        generation: assignment.generation, phase: comparison.outcome, power: traces.power,
        detail: comparison.detail, reportedAt: now)
    let ports = Set(assignment.guest.interfaces.map(\.portID))
    report.portsUp = traces.vifs.filter { $0.isUp && ports.contains($0.portID) }
        .map(\.portID).sorted()
    // Its disk alone is no guest that is off: the guest runs elsewhere.
    if comparison.isElsewhere { report.power = .none }
    report.failure = comparison.hasFailed ? remembered?.failure : nil
    report.exported = remembered?.exported
    report.migration = migration
    if report.phase == .settled, comparison.isExportDue {
        report.phase = .working
        report.detail = "a copy of the disk is to be stored"
    }
    return report
}

extension Comparison {
    /// For operators.
    fileprivate var detail: String {
        switch outcome {
        case .failed: remembered?.detail ?? ""
        case .absent: ""
        case .prepared: "everything is ready for the guest"
        case .departed: "the guest was sent to another host and is here no more"
        case .working: "the guest is on its way to another host"
        case .settled: detailOfSettled
        }
    }

    private var detailOfSettled: String {
        guard let guest = traces.guest else { return "the guest is not defined on the host" }
        let ports = Set(guest.interfaces.map(\.portID))
        switch assignment.goal {
        case .running where guest.power != .running, .paused where !isAlive:
            return "the guest stopped running by itself"
        case .suspended where guest.power != .suspended:
            return "the guest was not running, so nothing of it was saved"
        case .running where ports != Set(wantedPorts.map { $0 as PortID? }):
            return "the guest has other NICs than assigned; somebody else changed it"
        default: return ""
        }
    }
}

extension GuestTraces {
    /// A guest whose definition is gone but whose disk is there can be started again, so for its
    /// owner it is shut down.
    var power: GuestPower {
        if let guest { return guest.power }
        return stored?.disks.isEmpty == false ? .shutdown : .none
    }
}
