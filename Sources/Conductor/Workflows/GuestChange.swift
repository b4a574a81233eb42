import ComputeModel

/// Something that is done to an instance on the host where it is, and that its agent makes true
/// from one change of its assignment.
enum GuestChange: Codable, Sendable, Equatable {
    case start, stop
    case reboot(GuestRestart)
    case pause, unpause, suspend, resume
    case rescue(ImageID)
    case unrescue
    /// With the instance as it will be.
    case rebuild(Instance)
    case snapshot(ImageID)
    /// From shelved, before it was offloaded.
    case unshelve
    /// Ends a resize in place: the disk before is not kept any longer.
    case keepRoot

    /// What shows while it is under way.
    var task: InstanceTask? {
        switch self {
        case .start: .poweringOn
        case .stop: .poweringOff
        case .reboot(.soft): .rebooting
        case .reboot(.hard): .rebootingHard
        case .pause: .pausing
        case .unpause: .unpausing
        case .suspend: .suspending
        case .resume: .resuming
        case .rescue: .rescuing
        case .unrescue: .unrescuing
        case .rebuild: .rebuilding
        case .snapshot: .imageSnapshot
        case .unshelve: .unshelving
        case .keepRoot: .resizeConfirming
        }
    }

    /// The event in the instance's list.
    var event: String {
        switch self {
        case .start: "compute_start_instance"
        case .stop: "compute_stop_instance"
        case .reboot: "compute_reboot_instance"
        case .pause: "compute_pause_instance"
        case .unpause: "compute_unpause_instance"
        case .suspend: "compute_suspend_instance"
        case .resume: "compute_resume_instance"
        case .rescue: "compute_rescue_instance"
        case .unrescue: "compute_unrescue_instance"
        case .rebuild: "compute_rebuild_instance"
        case .snapshot: "compute_snapshot_instance"
        case .unshelve: "compute_unshelve_instance"
        case .keepRoot: "compute_confirm_resize"
        }
    }

    /// What the host's agent must be able to do; nil for what every agent can.
    var ability: AgentAbility? {
        switch self {
        case .start, .stop, .unshelve: nil
        case .reboot, .rescue, .unrescue, .rebuild, .keepRoot: .rebuild
        case .pause, .unpause: .pause
        case .suspend, .resume: .suspend
        case .snapshot: .export
        }
    }

    /// Whether the guest gets other disks, so that the way back has to define it anew, too.
    var changesDisks: Bool {
        switch self {
        case .rescue, .unrescue, .rebuild: true
        default: false
        }
    }

    /// The state afterwards; `before` is the one that the instance had.
    func state(after before: InstanceState) -> InstanceState {
        switch self {
        case .start, .reboot, .unpause, .resume, .unrescue, .unshelve: .active
        case .stop: .stopped
        case .pause: .paused
        case .suspend: .suspended
        case .rescue: .rescued
        case .rebuild: before == .stopped ? .stopped : .active
        case .snapshot, .keepRoot: before
        }
    }

    /// Changes the assignment accordingly. `guest` is the guest as the control plane knows it now,
    /// for those changes that build it anew.
    func apply(
        to assignment: inout Assignment, generation: Int, before: InstanceState,
        guest: GuestDefinition, rescue: GuestImage?
    ) {
        assignment.arrival = nil
        assignment.departure = nil
        switch self {
        case .start, .resume, .unpause, .unshelve:
            assignment.goal = .running
            assignment.guest = guest
        case .stop:
            assignment.goal = .stopped
            assignment.restart = nil
        case .pause: assignment.goal = .paused
        case .suspend: assignment.goal = .suspended
        case .reboot(let kind):
            assignment.goal = .running
            assignment.guest = guest
            assignment.definedSince = generation
            assignment.restart = kind
        case .rescue, .unrescue:
            assignment.goal = .running
            assignment.guest = guest
            assignment.guest.rescue = rescue
            assignment.definedSince = generation
            assignment.restart = .hard
        case .rebuild:
            assignment.goal = before == .stopped ? .stopped : .running
            // The way back needs the old disk until the end.
            let old = assignment.guest.rootBuild ?? 0
            assignment.guest = guest
            assignment.guest.keptRootBuilds = [old]
            assignment.guest.rescue = nil
            assignment.definedSince = generation
            assignment.restart = .hard
        case .snapshot(let image): assignment.export = DiskExport(imageID: image)
        case .keepRoot: assignment.guest.keptRootBuilds = nil
        }
    }
}
