import ComputeModel
import DeviceTracking
import Foundation
import HostDrivers

/// What an agent remembers over its own restarts. Never the truth about guests (drivers are), but
/// about what the control plane has said and how far the agent got with it.
public struct LocalRecord: Codable, Sendable, Equatable {
    /// The host's id at the first greeting; another one later means another control plane.
    public var hostID: HostID?
    /// Highest batch revision that was ever accepted.
    public var revision: Int64
    /// By instance id.
    public var guests: [String: RecordedGuest]
    /// What is remembered of the host's devices; nil in records of releases before this was kept.
    public var devices: DeviceMemory?

    /// Nothing remembered.
    public init(hostID: HostID? = nil, revision: Int64 = 0) {
        self.hostID = hostID
        self.revision = revision
        guests = [:]
    }

    /// What is remembered of an instance.
    public subscript(_ instance: InstanceID) -> RecordedGuest? {
        get { guests[instance.text] }
        set { guests[instance.text] = newValue }
    }
}

/// How far the agent got with one instance.
public struct RecordedGuest: Codable, Sendable, Equatable {
    /// The assignment's generation.
    public var generation: Int
    /// What was wanted.
    public var goal: AssignmentGoal
    /// `working`, `settled` (the goal was reached once) or `failed`.
    public var phase: GuestPhase
    /// For the tenant, when failed.
    public var failure: String?
    /// For operators, when failed.
    public var detail: String
    /// Whether a generation was ever settled here, so that its disk holds the guest's data.
    public var wasBuilt: Bool
    /// Root disks that a generation was settled with, so that they hold the guest's data; nil in
    /// records of releases that knew only one, which `wasBuilt` speaks of.
    public var builtRoots: [Int]?
    /// The image that a copy of the root disk was last stored under.
    public var exported: ImageID?
    /// The live migration that concerns the guest now; nil where none does.
    public var migration: RecordedMigration?

    /// A memory; see the fields.
    public init(
        generation: Int, goal: AssignmentGoal, phase: GuestPhase, failure: String? = nil,
        detail: String = "", wasBuilt: Bool = false
    ) {
        self.generation = generation
        self.goal = goal
        self.phase = phase
        self.failure = failure
        self.detail = detail
        self.wasBuilt = wasBuilt
    }
}

extension RecordedGuest {
    /// Whether the guest ran from the disk: making it anew would hide a loss.
    func hasData(in disk: GuestDisk) -> Bool {
        guard case .root(let build) = disk else { return false }
        return (builtRoots ?? (wasBuilt ? [0] : [])).contains(build)
    }

    /// The guest runs, or ran, from this root disk.
    mutating func noteData(inRoot build: Int) {
        let known = builtRoots ?? (wasBuilt ? [0] : [])
        builtRoots = Set(known).union([build]).sorted()
        wasBuilt = true
    }
}

/// What must not be forgotten of a live migration.
public struct RecordedMigration: Codable, Sendable, Equatable {
    /// The migration.
    public var migrationID: MigrationID
    /// Set before the guest is sent. From then on a guest that is not here is elsewhere.
    public var hasBegun: Bool
    /// When the first vDPA NIC was asked to go.
    public var networkLostAt: Date?
    /// When the last vDPA NIC was back.
    public var networkBackAt: Date?

    /// A migration of which nothing has happened.
    public init(migrationID: MigrationID) {
        self.migrationID = migrationID
        hasBegun = false
    }
}

/// Keeps a `LocalRecord` over restarts of the agent.
public protocol LocalRecordStore: Sendable {
    /// The record as saved last; nil when none was.
    func load() async throws(LocalRecordError) -> LocalRecord?

    /// Replaces the record; durable when it returns, and never half-written.
    func save(_ record: LocalRecord) async throws(LocalRecordError)
}

/// What can go wrong with the local record.
public enum LocalRecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It exists and can't be read or understood.
    case unreadable(String)
    /// It could not be replaced; the one before is still there.
    case unwritable(String)

    /// One sentence for operators.
    public var description: String {
        switch self {
        case .unreadable(let why): "The agent's local record can't be read: \(why)"
        case .unwritable(let why): "The agent's local record can't be written: \(why)"
        }
    }
}
