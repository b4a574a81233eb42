import ComputeModel
import HostDrivers

/// Something to be done for one instance.
public struct GuestAction: Sendable, Equatable {
    /// The instance.
    public var instanceID: InstanceID
    /// What to do.
    public var step: GuestStep

    /// Do `step` for `instanceID`.
    public init(_ instanceID: InstanceID, _ step: GuestStep) {
        self.instanceID = instanceID
        self.step = step
    }
}

/// The steps that make an assignment true. Each may be repeated and killed at any point.
public enum GuestStep: Sendable, Equatable {
    /// Fetch the image and make the disk.
    case prepare(GuestDisk)
    /// Write the config drive as the assignment has it.
    case writeConfigDrive
    /// See that the port's device carries the port's MAC, set it where that is possible.
    case ensureMAC(PortID)
    /// Look the device up and put its representor on the switch.
    case plug(PortID)
    /// Look the device up and plug the NIC into the guest and its definition.
    case attach(PortID)
    /// Ask the guest to give the NIC up, several times, and wait until it has.
    case detach(PortID)
    /// Tell the network where the port is now.
    case announce(PortID)
    /// Look all devices up and define the guest.
    case define
    /// Start the defined guest.
    case start
    /// Stop the guest's CPUs.
    case pause
    /// Let the guest's CPUs go on.
    case unpause
    /// Save the guest's memory and take its power away.
    case save
    /// Bring the saved guest back with its CPUs stopped.
    case restore
    /// Throw the saved memory away.
    case discardSaved
    /// Ask the guest to power off; take its power away when it does not in time.
    case shutdown
    /// Take the guest's power away.
    case destroy
    /// Send the guest to the other host.
    case migrate
    /// End a migration that nobody waits for.
    case abortMigration
    /// Take a port off the switch.
    case unplug(PortID)
    /// Remove the guest's definition.
    case undefine
    /// Write the running guest's root disk, as it is now, to a file.
    case copyRoot
    /// Store the root disk, or the copy of it, as the image that waits for it.
    case export(isCopied: Bool)
    /// Remove a copy of the root disk that nobody waits for.
    case removeCopy
    /// Remove one disk.
    case removeDisk(GuestDisk)
    /// Remove the guest's files.
    case removeStorage
    /// Drop the instance from the local record.
    case forget
    /// Nothing on this host can make the assignment true: report it failed.
    indirect case giveUp(GuestProblem)

    /// Whether the guest is as assigned before the step: what is left concerns its files.
    var isAfterwards: Bool {
        switch self {
        case .copyRoot, .export, .removeCopy, .removeDisk: true
        default: false
        }
    }

    /// Whether the control plane waits for it although the guest is as assigned.
    var isExport: Bool {
        switch self {
        case .copyRoot, .export: true
        default: false
        }
    }
}

/// What to do with guests of ours that no assignment names.
public enum OrphanPolicy: Sendable, Equatable {
    /// Leave them: the control plane has not spoken, or it may have lost its memory.
    case keep
    /// Destroy them: the control plane's list is complete.
    case remove
}
