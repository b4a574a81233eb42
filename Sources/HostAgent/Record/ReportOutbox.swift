import ComputeModel

/// Reports on their way to the control plane. Only the newest of a guest is kept, one that says
/// nothing new is not sent, and none leaves before it was acknowledged.
struct ReportOutbox {
    private var pending: [InstanceID: GuestReport] = [:]
    private var latest: [InstanceID: GuestReport] = [:]

    var isEmpty: Bool { pending.isEmpty }

    /// False when the control plane was told, or is about to be told, just that.
    mutating func put(_ report: GuestReport) -> Bool {
        if let before = latest[report.instanceID], before.saysTheSame(as: report) {
            return false
        }
        latest[report.instanceID] = report
        pending[report.instanceID] = report
        return true
    }

    /// Up to `count` reports, oldest first.
    func next(_ count: Int) -> [GuestReport] {
        let ordered = pending.values.sorted {
            ($0.reportedAt, $0.instanceID) < ($1.reportedAt, $1.instanceID)
        }
        return Array(ordered.prefix(count))
    }

    /// Takes those out that were not replaced in the meantime.
    mutating func acknowledge(_ reports: [GuestReport]) {
        for report in reports where pending[report.instanceID] == report {
            pending[report.instanceID] = nil
        }
    }

    /// Drops what concerns instances that nobody asks about any more.
    mutating func keepOnly(_ instances: Set<InstanceID>) {
        pending = pending.filter { instances.contains($0.key) }
        latest = latest.filter { instances.contains($0.key) }
    }
}

extension GuestReport {
    fileprivate func saysTheSame(as other: GuestReport) -> Bool {
        var copy = other
        copy.reportedAt = reportedAt
        return self == copy
    }
}
