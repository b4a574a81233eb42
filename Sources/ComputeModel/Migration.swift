import Foundation

/// A record of one move of an instance between hosts (or, for a resize, on its host).
public struct Migration: Codable, Sendable, Equatable {
    /// Its UUID.
    public var id: MigrationID
    /// Counts all migrations, from 1: what clients below microversion 2.59 call it by.
    public var number: Int
    /// What moves.
    public var instanceID: InstanceID
    /// The kind of move.
    public var kind: MigrationKind
    /// How far it is.
    public var status: MigrationStatus
    /// Where from.
    public var sourceHostID: HostID
    /// Its name.
    public var sourceHostName: String
    /// Where to; nil until a host was chosen.
    public var destinationHostID: HostID?
    /// Its name.
    public var destinationHostName: String?
    /// The flavor before; the same as after unless it is a resize.
    public var oldFlavorID: FlavorID
    /// The flavor after.
    public var newFlavorID: FlavorID
    /// Who asked.
    public var userID: UserID
    /// Their project.
    public var projectID: ProjectID
    /// The workflow that does it.
    public var workflowID: WorkflowID
    /// Whether an abort was accepted.
    public var isAbortRequested: Bool = false
    /// What the source last said of a live migration.
    public var progress: GuestMigrationReport?
    /// When the first vDPA NIC was asked to go, by the control plane's clock.
    public var networkLostAt: Date?
    /// When the last one was back.
    public var networkBackAt: Date?
    /// How long the guest was without its vDPA NICs, in milliseconds, by the control plane's
    /// clock: from the unplug's request on the source to the last NIC plugged on the destination.
    /// Nil for guests without such NICs, and while it isn't known.
    public var networkOutageMS: Int?
    /// Why it failed, for operators.
    public var failure: String?
    /// When it was asked for.
    public var createdAt: Date
    /// Last change.
    public var updatedAt: Date

    /// A migration that has just been asked for.
    public init(
        id: MigrationID, number: Int, instance: Instance, kind: MigrationKind,
        status: MigrationStatus, sourceHostID: HostID, sourceHostName: String,
        newFlavorID: FlavorID, userID: UserID, projectID: ProjectID, workflowID: WorkflowID,
        createdAt: Date
    ) {
        self.id = id
        self.number = number
        instanceID = instance.id
        self.kind = kind
        self.status = status
        self.sourceHostID = sourceHostID
        self.sourceHostName = sourceHostName
        oldFlavorID = instance.flavor.id
        self.newFlavorID = newFlavorID
        self.userID = userID
        self.projectID = projectID
        self.workflowID = workflowID
        self.createdAt = createdAt
        updatedAt = createdAt
    }
}

/// Kinds of move, named as OpenStack's `migration_type`.
public enum MigrationKind: String, Codable, Sendable, CaseIterable {
    case migration, resize, evacuation
    case liveMigration = "live-migration"
}

/// How far a move is, named as in OpenStack.
public enum MigrationStatus: String, Codable, Sendable, CaseIterable {
    case accepted, queued, preparing, running, completed, failed, cancelled, error
    case preMigrating = "pre-migrating"
    case migrating
    case postMigrating = "post-migrating"
    case finished, confirming, confirmed, reverting, reverted, done

    /// Whether nothing more happens to it. A resize that is `finished` still waits for its
    /// confirmation.
    public var isOver: Bool {
        switch self {
        case .completed, .failed, .cancelled, .error, .confirmed, .reverted, .done: true
        default: false
        }
    }
}
