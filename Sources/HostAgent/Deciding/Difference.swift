import ComputeModel
import HostDrivers

/// What is to be done on a host: the difference between what is wanted and what is there.
///
/// Pure. Running it again after its actions were carried out, or after the agent was killed
/// anywhere between them, gives only what is still missing. Removals come first, so that devices
/// are free before others want them.
///
/// - `desired`: every assignment of the host.
/// - `record`: what the agent remembers; nil when it remembers nothing.
/// - `orphans`: `.remove` only after the control plane itself has said what is wanted.
public func difference(
    desired: [Assignment], observed: HostObservation, record: LocalRecord?,
    orphans: OrphanPolicy
) -> [GuestAction] {
    let wanted = Set(desired.map(\.instanceID))
    var actions: [GuestAction] = []
    if orphans == .remove {
        let remembered = (record?.guests.keys).map { Set($0.map { InstanceID($0) }) } ?? []
        for orphan in observed.instances.union(remembered).subtracting(wanted).sorted() {
            let steps = orphanSteps(
                observed.traces(of: orphan), isRemembered: remembered.contains(orphan))
            actions += steps.map { GuestAction(orphan, $0) }
        }
    }
    let ordered = desired.sorted {
        ($0.goal.rank, $0.instanceID) < ($1.goal.rank, $1.instanceID)
    }
    for assignment in ordered {
        let instance = assignment.instanceID
        let comparison = Comparison(
            assignment: assignment, traces: observed.traces(of: instance),
            remembered: record?[instance])
        actions += comparison.steps.map { GuestAction(instance, $0) }
    }
    return actions
}

/// A guest that is on its way here is its other host's, until it has come.
private func orphanSteps(_ traces: GuestTraces, isRemembered: Bool) -> [GuestStep] {
    switch traces.guest?.transit {
    case .leaving: [.abortMigration]
    case .arriving: []
    case nil: removalSteps(traces, isRemembered: isRemembered)
    }
}

/// Everything that is left of a guest, taken away in the order in which it depends on each other:
/// the domain's power first, as it holds devices; its disks last.
func removalSteps(_ traces: GuestTraces, isRemembered: Bool) -> [GuestStep] {
    var steps: [GuestStep] = []
    if traces.isActive { steps.append(.destroy) }
    steps += traces.vifs.map(\.portID).sorted().map { .unplug($0) }
    if traces.guest != nil { steps.append(.undefine) }
    if traces.stored != nil { steps.append(.removeStorage) }
    if isRemembered { steps.append(.forget) }
    return steps
}

extension AssignmentGoal {
    /// Order in which assignments are served: what gives devices back comes first.
    fileprivate var rank: Int {
        switch self {
        case .absent: 0
        case .stopped: 1
        case .suspended: 2
        case .paused, .running: 3
        }
    }
}
