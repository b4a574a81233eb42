import ComputeModel
import HostDrivers

/// A guest that has its power owns its disks and its definition; its NICs and their wiring follow
/// the assignment.
extension Comparison {
    /// Brings NICs, wires and the CPUs' state to what is wanted. NICs that we did not make are
    /// left alone.
    var repairSteps: [GuestStep] {
        let present = Set(guestPorts)
        let wires = Set(wantedPorts)
        let surplus = guestPorts.filter { !wires.contains($0) }
        let missing = wanted.interfaces.filter { !present.contains($0.portID) }
        if let refusal = unsupported(missing) { return [refusal] }
        let isPaused = power == .paused
        let goesOn = isPaused && assignment.goal == .running && !wasReached
        var steps: [GuestStep] = []
        if !isPaused || goesOn {
            if goesOn, !surplus.isEmpty { steps.append(.unpause) }
            steps += detachSteps(surplus)
        } else if let port = surplus.first, !wasReached {
            return [.giveUp(.detachWhilePaused(port))]
        }
        steps += strayPorts(besides: wantedPorts + guestPorts).map { .unplug($0) }
        for port in missing.map(\.portID) {
            steps += [.ensureMAC(port), .plug(port), .attach(port)]
        }
        steps += unwiredPorts.map { .plug($0) }
        if assignment.arrival != nil, !wasReached { steps += wantedPorts.map { .announce($0) } }
        if goesOn, surplus.isEmpty { steps.append(.unpause) }
        if assignment.goal == .paused, !isPaused { steps.append(.pause) }
        return steps
    }

    /// After an assignment was given up: the guest runs on, so what it has stays wired, and
    /// nothing is taken from it.
    var mendingSteps: [GuestStep] { isAlive ? unwiredPorts.map { .plug($0) } : [] }

    /// A port leaves the switch only after the guest has given its NIC up: before, the guest would
    /// be cut off by a detach that it never agrees to.
    func detachSteps(_ ports: [PortID]) -> [GuestStep] {
        ports.flatMap { [.detach($0), .unplug($0)] }
    }

    /// Wanted ports whose NIC the guest has and that are not on the switch.
    private var unwiredPorts: [PortID] {
        let present = Set(guestPorts)
        return wantedPorts.filter { present.contains($0) && !pluggedPorts.contains($0) }
    }
}
