import ComputeModel
import Testing

/// Which moves are over. A resize that waits for its owner is not.
@Suite struct MigrationStatusTests {
    private static let over: Set<MigrationStatus> = [
        .completed, .failed, .cancelled, .error, .confirmed, .reverted, .done,
    ]

    @Test(arguments: MigrationStatus.allCases)
    func isOverWhenNothingMoreHappens(_ status: MigrationStatus) {
        #expect(status.isOver == Self.over.contains(status))
    }

    @Test func isNamedAsClientsKnowIt() {
        #expect(MigrationStatus.preMigrating.rawValue == "pre-migrating")
        #expect(MigrationStatus.postMigrating.rawValue == "post-migrating")
        #expect(MigrationKind.liveMigration.rawValue == "live-migration")
    }
}
