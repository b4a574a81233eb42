internal import ComputeModel
internal import Foundation
internal import Scheduler

/// Writes down why a decision is as it is, within the limits.
struct PlacementRecorder: Sendable {
    let scheduler: Scheduler
    let settings: PlacementSettings
    let now: @Sendable () -> Date

    /// The story of a decision that found a host: in small fleets with every host's reasons.
    func brief(
        _ job: PlacementJob, _ decision: PlacementDecision, _ fleet: Fleet, conflicts: Int
    ) -> PlacementRecord {
        if fleet.count <= settings.detailHostsWhenPlaced {
            var record = complete(job, decision, fleet, conflicts: conflicts)
            record.rejections = limited(
                record.rejections, devicesMax: settings.detailDevicesWhenPlaced)
            return record
        }
        var record = bare(job, fleet, conflicts: conflicts)
        record.refusedCounts = PlacementDecision.counts(decision.rejections)
        record.rejections = limited(
            decision.rejections, devicesMax: settings.detailDevicesWhenPlaced)
        return record
    }

    /// A story that is not told yet.
    func bare(_ job: PlacementJob, _ fleet: Fleet, conflicts: Int) -> PlacementRecord {
        PlacementRecord(
            workflowID: job.workflowID, instanceID: job.instanceID, decidedAt: now(), chosen: nil,
            alternates: [], conflicts: conflicts, hostCount: fleet.count, isComplete: false,
            refusedCounts: [:], rejections: [])
    }

    /// The story of a decision with what speaks against each host.
    func complete(
        _ job: PlacementJob, _ decision: PlacementDecision, _ fleet: Fleet, conflicts: Int
    ) -> PlacementRecord {
        let refusals = scheduler.refusals(
            job.request, fleet: fleet, decision: decision, detailMax: settings.detailHostsMax)
        let refused = refusals.counts.values.reduce(0, +)
        return PlacementRecord(
            workflowID: job.workflowID, instanceID: job.instanceID, decidedAt: now(), chosen: nil,
            alternates: [], conflicts: conflicts, hostCount: fleet.count,
            isComplete: refusals.details.count == refused, refusedCounts: refusals.counts,
            rejections: limited(refusals.details, devicesMax: settings.detailDevicesMax))
    }

    /// What is said when claims conflicted until nobody wanted to try any more.
    func lostRace(_ job: PlacementJob?, hostCount: Int, conflicts: Int) -> PlacementFailure {
        PlacementFailure(
            record: PlacementRecord(
                workflowID: job?.workflowID ?? WorkflowID(""),
                instanceID: job?.instanceID ?? InstanceID(""), decidedAt: now(), chosen: nil,
                alternates: [], conflicts: conflicts, hostCount: hostCount, isComplete: false,
                refusedCounts: [Rejection.lostRace.category: hostCount], rejections: []))
    }

    private func limited(
        _ rejections: [HostRejection], devicesMax: Int
    ) -> [HostRejection] {
        var devicesLeft = devicesMax
        return rejections.prefix(settings.detailHostsMax).map { rejection in
            var kept = rejection
            kept.reasons = rejection.reasons.map { reason in
                guard case .device(var shortage) = reason else { return reason }
                if shortage.devices.count > devicesLeft { shortage.devices = [] }
                devicesLeft -= shortage.devices.count
                return .device(shortage)
            }
            return kept
        }
    }
}

extension PlacementRecord {
    /// For others that are placed, or refused, for the same reasons: told once is enough.
    public mutating func leaveOutRejections() {
        rejections = []
        isComplete = false
    }

    /// Notes what was, or would be, chosen out of `decision`.
    mutating func choose(_ candidate: Candidate?, of decision: PlacementDecision) {
        chosen = candidate.map(Choice.init)
        alternates = decision.candidates.filter { $0.hostID != candidate?.hostID }
            .map(Choice.init)
    }
}
