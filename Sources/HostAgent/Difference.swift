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
            let steps = removalSteps(
                observed.traces(of: orphan), isRemembered: remembered.contains(orphan))
            actions += steps.map { GuestAction(orphan, $0) }
        }
    }
    let ordered = desired.sorted {
        ($0.goal.rank, $0.instanceID) < ($1.goal.rank, $1.instanceID)
    }
    for assignment in ordered {
        let instance = assignment.instanceID
        let steps = difference(
            assignment, observed.traces(of: instance), remembered: record?[instance])
        actions += steps.map { GuestAction(instance, $0) }
    }
    return actions
}

/// The steps that one assignment still needs; none when it is fulfilled or was given up.
func difference(
    _ assignment: Assignment, _ traces: GuestTraces, remembered: RecordedGuest?
) -> [GuestStep] {
    let sameGeneration = remembered?.generation == assignment.generation
    if sameGeneration, remembered?.phase == .failed { return [] }
    let wasReached = sameGeneration && remembered?.phase == .settled
    switch assignment.goal {
    case .absent:
        return removalSteps(traces, isRemembered: remembered != nil)
    case .stopped:
        if traces.isActive { return [.shutdown] }
        if wasReached || traces.guest != nil { return [] }
        return buildSteps(
            assignment.guest, traces, hasData: remembered?.wasBuilt ?? false, thenStart: false)
    case .running:
        if traces.isActive, traces.guest?.power != .crashed {
            return repairSteps(assignment.guest, traces, wasReached: wasReached)
        }
        // Reached once and off now: the guest did that itself. It is reported, not restarted.
        if wasReached { return [] }
        return buildSteps(
            assignment.guest, traces, hasData: remembered?.wasBuilt ?? false, thenStart: true)
    }
}

/// Everything that is left of a guest, taken away in the order in which it depends on each other:
/// the domain's power first, as it holds devices; its disks last.
private func removalSteps(_ traces: GuestTraces, isRemembered: Bool) -> [GuestStep] {
    var steps: [GuestStep] = []
    if traces.isActive { steps.append(.destroy) }
    steps += traces.vifs.map(\.portID).sorted().map { .unplug($0) }
    if traces.guest != nil { steps.append(.undefine) }
    if traces.stored != nil { steps.append(.removeStorage) }
    if isRemembered { steps.append(.forget) }
    return steps
}

/// From whatever is there to a defined (and running) guest. The definition is always made anew,
/// because character devices and representors may have other names than the last time.
private func buildSteps(
    _ wanted: GuestDefinition, _ traces: GuestTraces, hasData: Bool, thenStart: Bool
) -> [GuestStep] {
    if let other = wanted.interfaces.first(where: { $0.vnicType != .vdpa }) {
        return [.giveUp(.interfaceUnsupported(other.portID, other.vnicType))]
    }
    var steps: [GuestStep] = []
    if traces.guest?.power == .crashed { steps.append(.destroy) }
    if traces.stored?.hasRoot != true {
        if hasData { return [.giveUp(.diskMissing)] }
        steps.append(.prepareRoot)
    }
    steps.append(.writeConfigDrive)
    let ports = wanted.interfaces.map(\.portID)
    steps += strayPorts(traces, besides: ports).map { .unplug($0) }
    for port in ports { steps += [.ensureMAC(port), .plug(port)] }
    steps.append(.define)
    if thenStart { steps.append(.start) }
    return steps
}

/// A running guest owns its disks, devices and definition; only its ports' wiring is mended.
/// Other NICs than assigned can't be: that fails a new assignment, and is only reported of one
/// that was fulfilled before somebody changed the guest.
private func repairSteps(
    _ wanted: GuestDefinition, _ traces: GuestTraces, wasReached: Bool
) -> [GuestStep] {
    guard traces.hasInterfaces(of: wanted) else {
        return wasReached ? [] : [.giveUp(.interfacesDiffer)]
    }
    let ports = wanted.interfaces.map(\.portID)
    let plugged = Set(traces.vifs.map(\.portID))
    return strayPorts(traces, besides: ports).map { .unplug($0) }
        + ports.filter { !plugged.contains($0) }.map { .plug($0) }
}

private func strayPorts(_ traces: GuestTraces, besides wanted: [PortID]) -> [PortID] {
    Set(traces.vifs.map(\.portID)).subtracting(wanted).sorted()
}

extension AssignmentGoal {
    /// Order in which assignments are served.
    fileprivate var rank: Int {
        switch self {
        case .absent: 0
        case .stopped: 1
        case .running: 2
        }
    }
}
