import ComputeModel

/// Something that disagrees with something else.
public struct AuditFinding: Sendable, Equatable {
    /// What kind of disagreement.
    public var kind: AuditKind
    /// The object, such as `port 6f1e...`.
    public var object: String
    /// What was found, and what it should be.
    public var detail: String
    /// What `repair` did about it; nil when nothing was, or could be, done.
    public var repair: String?
    /// What a repair would touch; nil when nothing can be repaired safely.
    let target: AuditTarget?

    init(
        _ kind: AuditKind, _ object: String, _ detail: String, _ target: AuditTarget? = nil
    ) {
        self.kind = kind
        self.object = object
        self.detail = detail
        self.target = target
    }
}

/// What a repair touches.
enum AuditTarget: Sendable, Equatable {
    case claim(InstanceID, HostID)
    case image(ImageID)
    case port(PortID)
    case server(InstanceID)
    case migration(MigrationID)
}

/// Kinds of disagreement.
public enum AuditKind: String, Codable, Sendable, CaseIterable {
    /// Two claims hold one device.
    case deviceOwnedTwice = "device-owned-twice"
    /// A claim of an instance that is gone, with nothing assigned.
    case claimOrphaned = "claim-orphaned"
    /// An instance on a host without a claim there.
    case claimMissing = "claim-missing"
    /// An instance on a host without an assignment there.
    case assignmentMissing = "assignment-missing"
    /// An assignment of an instance that is gone, or elsewhere, that is not to become absent.
    case assignmentOrphaned = "assignment-orphaned"
    /// The devices of an assignment are not those of the claim.
    case assignmentDiffers = "assignment-differs"
    /// Port, claim and instance don't agree on host, device or owner.
    case portDiffers = "port-differs"
    /// A port that belongs to an instance that is gone.
    case portOrphaned = "port-orphaned"
    /// A transient state without a workflow that would end it.
    case taskWithoutWorkflow = "task-without-workflow"
    /// A migration under way without a workflow.
    case migrationWithoutWorkflow = "migration-without-workflow"
    /// A workflow that can't go on.
    case workflowStuck = "workflow-stuck"
    /// A copy of a disk that nothing needs.
    case imageOrphaned = "image-orphaned"
    /// A host that could not be asked.
    case hostSilent = "host-silent"
    /// A guest, switch port or file on a host that it should not have, or that it lacks.
    case hostDiffers = "host-differs"
}
