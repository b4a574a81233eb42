import ComputeModel
import HostDrivers

/// One assignment beside what there is of it and what is remembered. Pure: every rule of what is
/// to be done, and of what is reported, reads from here.
struct Comparison: Sendable {
    let assignment: Assignment
    let traces: GuestTraces
    let remembered: RecordedGuest?

    var wanted: GuestDefinition { assignment.guest }
    var power: GuestPower? { traces.guest?.power }

    private var isSameGeneration: Bool { remembered?.generation == assignment.generation }

    /// Given up in this generation.
    var hasFailed: Bool { isSameGeneration && remembered?.phase == .failed }

    /// This generation's goal was reached once: what differs now, the guest did by itself.
    var wasReached: Bool { isSameGeneration && remembered?.phase == .settled }

    /// It was sent away, and is here no more: it runs elsewhere and must never be built here. Only
    /// another migration can bring it back; an arrival by the one that it left by asks whether it
    /// did.
    var hasLeft: Bool {
        guard traces.guest == nil, let migration = remembered?.migration, migration.hasBegun
        else { return false }
        return assignment.arrival.map { $0.migrationID == migration.migrationID } ?? true
    }

    /// Everything is made ready for it, and it hasn't come.
    var isAwaited: Bool { assignment.arrival != nil && traces.guest == nil && !wasReached }

    /// It runs on another host: not here yet, or no more.
    var isElsewhere: Bool { hasLeft || isAwaited || traces.guest?.transit == .arriving }

    /// Defined before the assignment allows.
    var isOutdated: Bool {
        guard let since = assignment.definedSince, let guest = traces.guest else { return false }
        return guest.generation < since
    }

    /// It has its power, and its process is alive.
    var isAlive: Bool { power == .running || power == .paused }

    // MARK: Ports

    /// Wanted ports, in the guest's order.
    var wantedPorts: [PortID] { wanted.interfaces.map(\.portID) }

    /// Ports of ours that the guest has NICs of, in its order.
    var guestPorts: [PortID] { traces.guest?.interfaces.compactMap(\.portID) ?? [] }

    /// Ports on the switch.
    var pluggedPorts: Set<PortID> { Set(traces.vifs.map(\.portID)) }

    /// Ports on the switch that are neither in `ports` nor elsewhere.
    func strayPorts(besides ports: [PortID]) -> [PortID] {
        pluggedPorts.subtracting(ports).sorted()
    }

    // MARK: What is to be done

    /// The steps that are still needed; none when the assignment is fulfilled or has to wait.
    var steps: [GuestStep] {
        if let transit = traces.guest?.transit { return stepsInTransit(transit) }
        if assignment.goal == .absent {
            return hasFailed ? [] : removalSteps(traces, isRemembered: remembered != nil)
        }
        if hasFailed { return mendingSteps }
        if hasLeft { return [] }
        if assignment.departure != nil { return departureSteps }
        let steps = powerSteps
        return steps.isEmpty && !isAwaited ? diskSteps : steps
    }

    private var powerSteps: [GuestStep] {
        switch assignment.goal {
        case .running, .paused: runningSteps
        case .suspended: suspendedSteps
        case .stopped: stoppedSteps
        case .absent: []
        }
    }

    /// How it stands when nothing is left to do for the guest itself.
    var outcome: GuestPhase {
        if hasFailed { return .failed }
        if assignment.goal == .absent { return .absent }
        switch traces.guest?.transit {
        case .leaving: return .working
        case .arriving: return assignment.arrival == nil ? .working : .prepared
        case nil: break
        }
        if hasLeft { return .departed }
        if assignment.departure != nil { return .working }
        return isAwaited ? .prepared : .settled
    }
}
