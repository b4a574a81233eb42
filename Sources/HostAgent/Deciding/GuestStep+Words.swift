extension GuestStep {
    /// What the tenant is told when the step fails for good.
    var failure: String {
        switch self {
        case .prepare: "The server's disk could not be made from its image."
        case .writeConfigDrive: "The server's config drive could not be written."
        case .ensureMAC(let port), .plug(let port), .announce(let port):
            "Port \(port) could not be connected to the network."
        case .attach(let port): "Port \(port) could not be attached to the server."
        case .detach(let port): "Port \(port) could not be detached from the server."
        case .define: "The server could not be defined on its host."
        case .start: "The server could not be started on its host."
        case .pause: "The server could not be paused."
        case .unpause: "The server could not be unpaused."
        case .save: "The server could not be suspended."
        case .restore: "The server could not be resumed."
        case .shutdown, .destroy, .discardSaved: "The server could not be stopped."
        case .migrate, .abortMigration: "The server could not be migrated."
        case .copyRoot, .export: "A copy of the server's disk could not be stored."
        case .unplug, .undefine, .removeStorage, .removeDisk, .removeCopy, .forget:
            "The server could not be removed from its host."
        case .giveUp(let problem): problem.failure
        }
    }

    /// What is being done, for operators.
    var progress: String {
        switch self {
        case .prepare(.rescue): "preparing the rescue disk"
        case .prepare: "preparing the root disk"
        case .writeConfigDrive: "writing the config drive"
        case .ensureMAC(let port): "checking the MAC of port \(port)"
        case .plug(let port): "plugging port \(port)"
        case .attach(let port): "attaching the NIC of port \(port)"
        case .detach(let port): "detaching the NIC of port \(port)"
        case .announce(let port): "announcing port \(port)"
        case .define: "defining the guest"
        case .start: "starting the guest"
        case .pause: "pausing the guest"
        case .unpause: "unpausing the guest"
        case .save: "saving the guest's memory"
        case .restore: "restoring the guest from its saved memory"
        case .discardSaved: "discarding the guest's saved memory"
        case .shutdown: "shutting the guest down"
        case .destroy: "destroying the guest"
        case .migrate: "migrating the guest"
        case .abortMigration: "aborting a migration that nobody waits for"
        case .unplug(let port): "unplugging port \(port)"
        case .undefine: "undefining the guest"
        case .copyRoot: "copying the root disk"
        case .export: "storing a copy of the root disk"
        case .removeCopy: "removing a copy of the root disk"
        case .removeDisk(let disk): "removing the disk '\(disk)'"
        case .removeStorage: "removing the guest's disks"
        case .forget: "forgetting the guest"
        case .giveUp: "giving up"
        }
    }
}
