import ComputeModel
import HostDrivers

/// What is left once the guest is as assigned: copies that are waited for, disks that nobody
/// needs any more.
extension Comparison {
    /// Whether the control plane still waits for a copy of the root disk.
    var isExportDue: Bool {
        guard let export = assignment.export else { return false }
        return remembered?.exported != export.imageID
    }

    var diskSteps: [GuestStep] { exportSteps + tidyingSteps }

    private var exportSteps: [GuestStep] {
        guard isExportDue else { return [] }
        guard traces.has(wanted.rootDisk) else { return [.giveUp(.diskMissing)] }
        return traces.isActive
            ? [.copyRoot, .export(isCopied: true)] : [.export(isCopied: false)]
    }

    /// A host on which the guest's own disk can't be seen is not the place to remove others.
    private var tidyingSteps: [GuestStep] {
        guard let stored = traces.stored, traces.has(wanted.rootDisk) else { return [] }
        let kept = (wanted.keptRootBuilds ?? []).map { GuestDisk.root(build: $0) }
        let unused = stored.disks.subtracting(wanted.bootDisks).subtracting(kept)
        var steps: [GuestStep] = unused.sorted().map { .removeDisk($0) }
        if stored.hasCopy, !isExportDue { steps.append(.removeCopy) }
        return steps
    }
}

extension GuestTraces {
    func has(_ disk: GuestDisk) -> Bool { stored?.disks.contains(disk) == true }

    /// Those of `disks` that are not complete.
    func missing(_ disks: [GuestDisk]) -> [GuestDisk] { disks.filter { !has($0) } }
}
