import ComputeModel

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
    /// Fetch the image and make the root disk.
    case prepareRoot
    /// Write the config drive as the assignment has it.
    case writeConfigDrive
    /// See that the port's device carries the port's MAC, set it where that is possible.
    case ensureMAC(PortID)
    /// Look the device up and put its representor on the switch.
    case plug(PortID)
    /// Look all devices up and define the guest.
    case define
    /// Start the defined guest.
    case start
    /// Ask the guest to power off; take its power away when it does not in time.
    case shutdown
    /// Take the guest's power away.
    case destroy
    /// Take a port off the switch.
    case unplug(PortID)
    /// Remove the guest's definition.
    case undefine
    /// Remove the guest's files.
    case removeStorage
    /// Drop the instance from the local record.
    case forget
    /// Nothing on this host can make the assignment true: report it failed.
    indirect case giveUp(GuestProblem)
}

/// What to do with guests of ours that no assignment names.
public enum OrphanPolicy: Sendable, Equatable {
    /// Leave them: the control plane has not spoken, or it may have lost its memory.
    case keep
    /// Destroy them: the control plane's list is complete.
    case remove
}
