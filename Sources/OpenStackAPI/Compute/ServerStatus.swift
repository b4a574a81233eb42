import ComputeModel

/// The one word that sums up state and task.
enum ServerStatus {
    static func of(_ instance: Instance) -> String {
        tasked(instance) ?? settled(instance.state)
    }

    /// Those in which the API shows how far a server is.
    static let withProgress: Set<String> = [
        "ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING",
    ]

    /// The word for a state in which nothing is being done.
    private static func settled(_ state: InstanceState) -> String {
        switch state {
        case .building: "BUILD"
        case .active: "ACTIVE"
        case .stopped: "SHUTOFF"
        case .paused: "PAUSED"
        case .suspended: "SUSPENDED"
        case .rescued: "RESCUE"
        case .resized: "VERIFY_RESIZE"
        case .shelved: "SHELVED"
        case .shelvedOffloaded: "SHELVED_OFFLOADED"
        case .error: "ERROR"
        case .deleted: "DELETED"
        }
    }

    /// The word for what is being done, where it has one.
    private static func tasked(_ instance: Instance) -> String? {
        switch (instance.state, instance.task) {
        case (.active, .rebooting): "REBOOT"
        case (.active, .rebootingHard): "HARD_REBOOT"
        case (.active, .migrating), (.paused, .migrating): "MIGRATING"
        case (.active, .rebuilding), (.stopped, .rebuilding), (.error, .rebuilding): "REBUILD"
        case (.active, let task?), (.stopped, let task?):
            moves.contains(task) ? "RESIZE" : nil
        case (.resized, .resizeReverting): "REVERT_RESIZE"
        default: nil
        }
    }

    private static let moves: Set<InstanceTask> = [
        .resizePrep, .resizeMigrating, .resizeMigrated, .resizeFinish,
    ]
}

extension Instance {
    /// The flavor that it has, or has for as long as its resize is not confirmed.
    var shownFlavor: Flavor {
        state == .resized ? resize?.newFlavor ?? flavor : flavor
    }

    /// As `OS-EXT-STS:power_state`. Nova says of servers whose memory is saved on
    /// disk, and of offloaded ones, that they are shut down.
    var shownPower: Int {
        let isOff = observed == .suspended || state == .shelvedOffloaded
        return (isOff ? GuestPower.shutdown : observed).rawValue
    }
}
