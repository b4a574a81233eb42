import ComputeModel

/// When an operation may be asked for. Pure. The states are those of Nova's API, less those in
/// which a vDPA guest can't do what would be asked of it.
enum InstanceRules {
    /// Throws `conflict` unless the instance may be changed now: not being deleted, not locked
    /// against the caller, nothing under way, and in one of `states`.
    ///
    /// - Parameter verb: the operation as the API calls it.
    static func check(
        _ instance: Instance, _ verb: String, in states: Set<InstanceState>, _ caller: Caller,
        ignoresLock: Bool = false
    ) throws(DomainError) {
        try checkLock(instance, caller, ignoresLock: ignoresLock)
        if instance.deletionRequested {
            throw refusal(instance, verb, "task_state deleting")
        }
        guard states.contains(instance.state) else {
            throw refusal(instance, verb, "vm_state \(instance.state.vmState)")
        }
        if let task = instance.task {
            throw refusal(instance, verb, "task_state \(task.rawValue)")
        }
        if instance.workflowID != nil {
            throw .conflict(
                .server, .state,
                "Cannot '\(verb)' instance \(instance.id) while another operation on it is under"
                    + " way; repeat the request when it has ended.")
        }
    }

    static func checkLock(
        _ instance: Instance, _ caller: Caller, ignoresLock: Bool = false
    ) throws(DomainError) {
        guard instance.locked, !caller.isAdmin, !ignoresLock else { return }
        throw .conflict(.server, .locked, "Instance \(instance.id) is locked")
    }

    private static func refusal(
        _ instance: Instance, _ verb: String, _ found: String
    ) -> DomainError {
        .conflict(
            .server, .state, "Cannot '\(verb)' instance \(instance.id) while it is in \(found)")
    }

    /// The states in which a command may be asked for.
    static func states(for command: InstanceCommand) -> Set<InstanceState> {
        switch command {
        case .start: [.stopped]
        case .stop: [.active, .error]
        case .reboot(.soft): [.active]
        case .reboot(.hard): [.active, .stopped, .paused, .suspended, .error]
        case .pause: [.active]
        case .unpause: [.paused]
        case .suspend: [.active]
        case .resume: [.suspended]
        case .rescue: [.active, .stopped, .error]
        case .unrescue: [.rescued]
        case .shelve: [.active, .stopped, .paused, .suspended]
        case .shelveOffload: [.shelved]
        case .unshelve: [.shelved, .shelvedOffloaded]
        case .migrate, .resize: [.active, .stopped]
        case .confirmResize, .revertResize: [.resized]
        // A paused guest can't give its vDPA NICs up, and can't be sent with them: in Nova that
        // ends in a time-out.
        case .liveMigrate: [.active]
        case .evacuate: [.active, .stopped, .error]
        }
    }
}

extension InstanceState {
    /// OpenStack's `vm_state`.
    public var vmState: String {
        switch self {
        case .rescued: "rescued"
        default: rawValue
        }
    }
}
