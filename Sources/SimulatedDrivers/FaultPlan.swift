import HostDrivers

/// The driver calls of a simulated host, by which faults are named.
public enum SimulatedOperation: String, Sendable, CaseIterable {
    case probe, guests, define, start, shutdown, destroy, undefine, consoleTail
    case pause, unpause, save, restore, discardSaved, attach, detach
    case copyRoot, migrate, forceMigration, abortMigration
    /// No call of its own: the part of `migrate` in which the guest is on its way.
    case transfer
    case scan, resolve, setMAC
    case plug, unplug, announce, listVIFs
    /// Making any disk.
    case prepareRoot
    case writeConfigDrive, removeDisk, export, removeCopy, removeStorage, listStorage, capacity
}

/// What a call does instead of working.
public enum SimulatedFault: Sendable, Equatable {
    /// It fails and has no effect.
    case fail(DriverError)
    /// It says that it worked, and has no effect. Calls that answer with data work as usual.
    case lie
    /// It works, after `SimulatedHost.release(_:)`; cancelled meanwhile, it has no effect.
    case stall

    /// A failure that may pass, as daemons have them.
    public static func transient(_ found: String = "told to fail") -> SimulatedFault {
        .fail(
            .failed(DriverFault(operation: "simulate", object: "a driver call", found: found)))
    }

    /// A failure that stays.
    public static func permanent(_ found: String = "told to refuse") -> SimulatedFault {
        .fail(
            .refused(DriverFault(operation: "simulate", object: "a driver call", found: found)))
    }
}

/// The faults that are set on a host.
struct FaultPlan {
    private var always: [SimulatedOperation: SimulatedFault] = [:]
    private var once: [SimulatedOperation: [Int: SimulatedFault]] = [:]
    private var counts: [SimulatedOperation: Int] = [:]

    mutating func set(_ fault: SimulatedFault, _ operation: SimulatedOperation) {
        always[operation] = fault
    }

    /// `call` counts from 1, from now on.
    mutating func set(_ fault: SimulatedFault, _ operation: SimulatedOperation, call: Int) {
        once[operation, default: [:]][counts[operation, default: 0] + call] = fault
    }

    mutating func clear(_ operation: SimulatedOperation?) {
        if let operation {
            always[operation] = nil
            once[operation] = nil
        } else {
            always = [:]
            once = [:]
        }
    }

    /// Counts a call and says what is to happen to it.
    mutating func next(_ operation: SimulatedOperation) -> SimulatedFault? {
        let number = counts[operation, default: 0] + 1
        counts[operation] = number
        return once[operation]?.removeValue(forKey: number) ?? always[operation]
    }
}
