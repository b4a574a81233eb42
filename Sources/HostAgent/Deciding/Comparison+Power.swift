import ComputeModel
import HostDrivers

/// From any power to the one that is wanted.
extension Comparison {
    /// Goals `running` and `paused`.
    var runningSteps: [GuestStep] {
        if isAwaited { return awaitingSteps }
        if isAlive {
            guard isOutdated, assignment.arrival == nil else { return repairSteps }
            return buildSteps(after: assignment.restart == .soft ? .shutdown : .destroy)
        }
        // Reached once and off now: the guest did that itself. It is reported, not restarted; and
        // one that came by live migration has been started before.
        if wasReached || assignment.arrival != nil { return [] }
        if power == .suspended {
            return isOutdated ? buildSteps(after: .discardSaved) : restoreSteps
        }
        return buildSteps(after: power == .crashed ? .destroy : nil)
    }

    /// Goal `suspended`. The memory of a guest can't be saved while it holds vDPA devices.
    var suspendedSteps: [GuestStep] {
        guard isAlive else { return strayPorts(besides: []).map { .unplug($0) } }
        var steps: [GuestStep] = []
        // A guest whose CPUs stand still gives nothing up.
        if power == .paused, !guestPorts.isEmpty { steps.append(.unpause) }
        return steps + detachSteps(guestPorts)
            + strayPorts(besides: guestPorts).map { .unplug($0) } + [.save]
    }

    /// Goal `stopped`.
    var stoppedSteps: [GuestStep] {
        if traces.isActive { return [assignment.restart == .hard ? .destroy : .shutdown] }
        if power == .suspended { return [.discardSaved] }
        if traces.guest == nil { return wasReached ? [] : buildSteps(after: nil) }
        if isOutdated || Set(guestPorts) != Set(wantedPorts) { return buildSteps(after: nil) }
        return strayPorts(besides: wantedPorts).map { .unplug($0) }
            + wantedPorts.filter { !pluggedPorts.contains($0) }.flatMap {
                [.ensureMAC($0), .plug($0)]
            }
    }

    /// Back from its saved memory; its CPUs go on only when its NICs are there.
    private var restoreSteps: [GuestStep] {
        if let refusal = unsupported(wanted.interfaces) { return [refusal] }
        var steps: [GuestStep] = strayPorts(besides: wantedPorts).map { .unplug($0) }
        for port in wantedPorts { steps += [.ensureMAC(port), .plug(port)] }
        steps.append(.restore)
        let present = Set(guestPorts)
        steps += wantedPorts.filter { !present.contains($0) }.map { .attach($0) }
        if assignment.goal == .running { steps.append(.unpause) }
        return steps
    }

    /// From whatever is there to a defined (and, where wanted, running) guest. The definition is
    /// always made anew, because character devices and representors may have other names than the
    /// last time. New disks come first: a guest that still runs loses its power only when what
    /// comes after it is there.
    func buildSteps(after takingDown: GuestStep?) -> [GuestStep] {
        if let refusal = unsupported(wanted.interfaces) { return [refusal] }
        var steps: [GuestStep] = []
        for disk in traces.missing(wanted.bootDisks) {
            if disk == wanted.rootDisk, remembered?.hasData(in: disk) == true {
                return [.giveUp(.diskMissing)]
            }
            steps.append(.prepare(disk))
        }
        if let takingDown { steps.append(takingDown) }
        steps.append(.writeConfigDrive)
        steps += strayPorts(besides: wantedPorts).map { .unplug($0) }
        for port in wantedPorts { steps += [.ensureMAC(port), .plug(port)] }
        steps.append(.define)
        if assignment.goal != .stopped { steps.append(.start) }
        if assignment.goal == .paused { steps.append(.pause) }
        return steps
    }

    func unsupported(_ interfaces: [GuestInterface]) -> GuestStep? {
        interfaces.first { $0.vnicType != .vdpa }
            .map { .giveUp(.interfaceUnsupported($0.portID, $0.vnicType)) }
    }
}

extension GuestDefinition {
    /// Its own disk.
    var rootDisk: GuestDisk { .root(build: rootBuild ?? 0) }

    /// Disks that it is defined with, the one that it boots from first.
    var bootDisks: [GuestDisk] { rescue == nil ? [rootDisk] : [.rescue, rootDisk] }
}
