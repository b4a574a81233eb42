import Foundation

/// Stable states of an instance (OpenStack's `vm_state`).
///
/// ```
///  building ---> active <-------> stopped
///                ^  ^  ^          ^  ^  ^
///                |  |  |          |  |  |
///                |  |  +> rescued +  |  |    rescue, unrescue
///                |  +---> resized ---+  |    resize or migrate, then confirm or revert
///                |                      |
///                +-----> paused --------+    and back; to stopped when the guest goes off
///                |       suspended
///                |           |
///                |           v
///                +<------ shelved <----- active, stopped
///                |           |
///                |           v
///                +<-- shelvedOffloaded
///
///  any but deleted -> error -> active, stopped, rescued;    any -> deleted
/// ```
///
/// What a workflow has done it may have to take back, also after its last step when a deletion
/// waits for it; and an administrator may set any instance to active or error. So the way back is
/// allowed wherever there is one.
public enum InstanceState: String, Codable, Sendable, CaseIterable {
    case building, active, stopped, paused, suspended, rescued, resized, shelved, error, deleted
    case shelvedOffloaded = "shelved_offloaded"

    /// The states that may follow this one.
    public var successors: Set<InstanceState> {
        switch self {
        case .building: [.active, .error, .deleted]
        // `shelvedOffloaded`: an unshelving that is undone at its end.
        case .active:
            [
                .stopped, .paused, .suspended, .rescued, .resized, .shelved, .shelvedOffloaded,
                .error, .deleted,
            ]
        case .stopped: [.active, .rescued, .resized, .shelved, .error, .deleted]
        case .paused, .suspended: [.active, .stopped, .shelved, .error, .deleted]
        case .rescued: [.active, .stopped, .error, .deleted]
        case .resized: [.active, .stopped, .error, .deleted]
        // `stopped`, `paused`, `suspended`: a shelving that is undone.
        case .shelved:
            [.active, .stopped, .paused, .suspended, .shelvedOffloaded, .error, .deleted]
        case .shelvedOffloaded: [.active, .error, .deleted]
        case .error: [.active, .stopped, .rescued, .deleted]
        case .deleted: []
        }
    }
}

/// A state that an instance can't get to.
public enum InstanceStateError: Error, Sendable, Equatable {
    /// `InstanceState.successors` doesn't have it.
    case notAllowed(InstanceID, from: InstanceState, to: InstanceState)
}

extension InstanceStateError: CustomStringConvertible {
    /// For the operator's log: tenants have no use for it.
    public var description: String {
        switch self {
        case .notAllowed(let id, let from, let to):
            "Instance \(id) is \(from.rawValue) and can't become \(to.rawValue); it stays as it"
                + " is. 'InstanceState.successors' has what can follow."
        }
    }
}

extension Instance {
    /// Sets the state, the only way to do so. The state that it has is always allowed: steps are
    /// repeated.
    ///
    /// Throws `InstanceStateError` for one that may not follow the present one.
    public mutating func enter(_ next: InstanceState) throws(InstanceStateError) {
        guard next == state || state.successors.contains(next) else {
            throw .notAllowed(id, from: state, to: next)
        }
        state = next
    }
}

/// What a live workflow is doing (OpenStack's `task_state`, by its name there).
public enum InstanceTask: String, Codable, Sendable, CaseIterable {
    case scheduling, networking, spawning, deleting
    case poweringOff = "powering-off"
    case poweringOn = "powering-on"
    case rebooting
    case rebootingHard = "rebooting_hard"
    case pausing, unpausing, suspending, resuming, rescuing, unrescuing, rebuilding
    case imageSnapshot = "image_snapshot"
    case shelving
    case shelvingOffloading = "shelving_offloading"
    case unshelving
    case resizePrep = "resize_prep"
    case resizeMigrating = "resize_migrating"
    case resizeMigrated = "resize_migrated"
    case resizeFinish = "resize_finish"
    case resizeReverting = "resize_reverting"
    case resizeConfirming = "resize_confirming"
    case migrating
}

/// A resize or cold migration: what a revert goes back to.
public struct InstanceResize: Codable, Sendable, Equatable {
    /// The record of the move.
    public var migrationID: MigrationID
    /// The flavor before.
    public var oldFlavor: Flavor
    /// The flavor after; the same for a migration.
    public var newFlavor: Flavor
    /// The host before.
    public var oldHostID: HostID
    /// Its name.
    public var oldHostName: String
    /// Its zone.
    public var oldZone: String?
    /// The host after; the same for a resize in place.
    public var newHostID: HostID
    /// The root disk before.
    public var oldRootBuild: Int
    /// The image that it came from, where that is not the instance's.
    public var oldRootImageID: ImageID?
    /// The ports' bindings before, by port.
    public var oldBindings: [String: PortBinding]
    /// Whether the guest ran before, so that it runs after.
    public var wasRunning: Bool
    /// When it began to wait for the confirmation.
    public var finishedAt: Date?

    /// Whether it stays on its host.
    public var isInPlace: Bool { oldHostID == newHostID }

    /// A move that has just been placed.
    public init(
        migrationID: MigrationID, oldFlavor: Flavor, newFlavor: Flavor, oldHostID: HostID,
        oldHostName: String, oldZone: String?, newHostID: HostID, oldRootBuild: Int,
        oldBindings: [String: PortBinding], wasRunning: Bool
    ) {
        self.migrationID = migrationID
        self.oldFlavor = oldFlavor
        self.newFlavor = newFlavor
        self.oldHostID = oldHostID
        self.oldHostName = oldHostName
        self.oldZone = oldZone
        self.newHostID = newHostID
        self.oldRootBuild = oldRootBuild
        self.oldBindings = oldBindings
        self.wasRunning = wasRunning
    }
}
