import Testing

/// What can go wrong in each workflow of instances, produced mechanically from a table: each step
/// fails before and after its work, every undo and every step runs twice, the engine dies at each
/// commit, also while it takes things back.
@Suite struct WorkflowTableTests {
    @Test(arguments: WorkflowTable.rows)
    func holds(_ row: MechanicalTests) async throws {
        let (steps, runs) = try await row.run()
        print("\(row.testDescription): \(steps) steps, \(runs) runs")
    }
}
