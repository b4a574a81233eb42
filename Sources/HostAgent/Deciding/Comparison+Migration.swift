import ComputeModel
import HostDrivers

/// Guests that come and go by live migration.
extension Comparison {
    /// Nothing but the migration touches a guest that is on its way. One that leaves without
    /// anybody's wish (its agent was killed, the assignment was taken back or given up) stays.
    func stepsInTransit(_ transit: GuestTransit) -> [GuestStep] {
        switch transit {
        case .arriving: []
        case .leaving: assignment.departure == nil || hasFailed ? [.abortMigration] : []
        }
    }

    /// The source: its vDPA NICs go, then the guest.
    var departureSteps: [GuestStep] {
        guard traces.guest != nil else { return [.giveUp(.guestMissing)] }
        guard isAlive else { return [.giveUp(.guestNotRunning)] }
        var steps: [GuestStep] = []
        let isPaused = power == .paused
        if isPaused, assignment.goal == .running {
            steps.append(.unpause)
        } else if isPaused, let port = guestPorts.first {
            return [.giveUp(.detachWhilePaused(port))]
        }
        steps += detachSteps(guestPorts)
        steps += strayPorts(besides: guestPorts).map { .unplug($0) }
        if assignment.goal == .paused, !isPaused { steps.append(.pause) }
        return steps + [.migrate]
    }

    /// The destination: everything but the guest. A disk that is made here is written over by the
    /// one that comes.
    var awaitingSteps: [GuestStep] {
        if let refusal = unsupported(wanted.interfaces) { return [refusal] }
        var steps: [GuestStep] = traces.missing([wanted.rootDisk]).map { .prepare($0) }
        if traces.stored?.hasConfigDrive != true { steps.append(.writeConfigDrive) }
        steps += strayPorts(besides: wantedPorts).map { .unplug($0) }
        for port in wantedPorts where !pluggedPorts.contains(port) {
            steps += [.ensureMAC(port), .plug(port)]
        }
        return steps
    }
}
