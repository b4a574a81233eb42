import ComputeModel

/// What a worker tells its agent of a live migration while it is at it.
enum GuestNote: Sendable {
    /// The guest is sent next: to be remembered before anything happens.
    case departureBegins(MigrationID)
    /// So far it has come.
    case departureProgress(GuestMigrationReport)
    /// The first vDPA NIC is asked to go next.
    case networkLost(MigrationID)
    /// One more vDPA NIC is back.
    case networkBack(MigrationID)
}
