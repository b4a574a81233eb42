import ComputeModel
import Foundation
import HostDrivers

/// The report on an assignment for which nothing is left to do. Pure.
///
/// The power is what was seen: a guest that powered itself off is `settled` and `shutdown`.
public func verdict(
    on assignment: Assignment, _ traces: GuestTraces, remembered: RecordedGuest?, now: Date
) -> GuestReport {
    var report = GuestReport(
        instanceID: assignment.instanceID, hostID: assignment.hostID,
        generation: assignment.generation, phase: .settled, power: traces.power, detail: "",
        reportedAt: now)
    let ports = Set(assignment.guest.interfaces.map(\.portID))
    report.portsUp = traces.vifs.filter { $0.isUp && ports.contains($0.portID) }
        .map(\.portID).sorted()
    if let remembered, remembered.phase == .failed,
        remembered.generation == assignment.generation
    {
        report.phase = .failed
        report.failure = remembered.failure
        report.detail = remembered.detail
    } else if assignment.goal == .absent {
        report.phase = .absent
    } else if traces.guest == nil {
        report.detail = "the guest is not defined on the host"
    } else if assignment.goal == .running, report.power != .running {
        report.detail = "the guest stopped running by itself"
    } else if assignment.goal == .running, !traces.hasInterfaces(of: assignment.guest) {
        report.detail = "the guest has other NICs than assigned; somebody else changed it"
    }
    return report
}

extension GuestTraces {
    /// A guest whose definition is gone but whose disk is there can be started again, so for its
    /// owner it is shut down.
    var power: GuestPower {
        if let guest { return guest.power }
        return stored?.hasRoot == true ? .shutdown : .none
    }
}
