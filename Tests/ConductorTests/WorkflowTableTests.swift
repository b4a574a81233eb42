import TestSupport
import Testing

/// What can go wrong in each workflow of instances, produced mechanically from a table: each step
/// fails before and after its work, every undo and every step runs twice, the engine dies at each
/// commit, also while it takes things back.
@Suite(.bounded) struct WorkflowTableTests {
    @Test(arguments: WorkflowTable.rows)
    func holds(_ row: MechanicalTests) async throws {
        let (steps, runs) = try await row.run()
        print("\(row.testDescription): \(steps) steps, \(runs) runs")
    }

    /// One that is added to the engine needs a row that shows how it fails.
    @Test func everyKindIsTried() async throws {
        try await InstanceTestbed.run { bed in
            let tried = WorkflowFaultTestsOfInstances.kinds.union(WorkflowTable.rows.map(\.kind))
            let registered = try await bed.conductor.engine.registeredKinds
            #expect(registered.subtracting(tried).sorted() == [], "kinds without a row")
            #expect(tried.subtracting(registered).sorted() == [], "rows of no kind")
        }
    }
}
