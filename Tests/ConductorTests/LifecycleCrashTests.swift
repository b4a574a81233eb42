import ComputeModel
import Persistence
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Conductor

/// The server dies in the middle of operations that were asked of the real control plane, and
/// starts again. What was accepted is carried through, and nothing is left half done.
@Suite(.bounded) struct LifecycleCrashTests {
    /// The operations that are tried.
    private static let names = [
        "change_guest (suspend)", "change_guest (resume)", "detach_interface (running)",
        "move_instance (cold migration)", "live_migrate_instance", "evacuate_instance",
    ]
    static var scenarios: [LifecycleScenario] {
        WorkflowTable.rows.map(\.scenario).filter { names.contains($0.testDescription) }
    }

    @Test func allScenariosAreInTheTable() {
        #expect(Self.scenarios.count == Self.names.count)
    }

    // MARK: The server

    /// More transactions than an operation takes, those of reports included.
    private static let transactionsMax = 120
    /// Each so many-th transaction is tried.
    private static let transactionStride = 5

    @Test(arguments: scenarios, [StoreSession.Fate.diesBefore, .diesAfter])
    func theServerDies(_ scenario: LifecycleScenario, _ fate: StoreSession.Fate) async throws {
        var crashes = 0
        try await scenario.run { bed in
            for number in stride(
                from: fate == .diesBefore ? 1 : 2, to: Self.transactionsMax,
                by: Self.transactionStride)
            {
                guard try await Self.crash(scenario, bed, fate, at: number) else { break }
                crashes += 1
            }
        }
        print("\(scenario.testDescription): server \(fate) at \(crashes) commits")
        #expect(crashes >= 2)
    }

    /// False: it was over before the server died.
    private static func crash(
        _ scenario: LifecycleScenario, _ bed: InstanceTestbed, _ fate: StoreSession.Fate,
        at number: Int
    ) async throws -> Bool {
        let scene = try await scenario.scene(in: bed)
        let before = try scene.picture()
        let session = try bed.server.session
        session.set(fate, at: number)
        let refusal = await Refusal.of { try await scenario.perform(scene) }
        try await bed.idleOrDead(session)
        let isOver = !session.isDead
        try await bed.server.restart()
        try await bed.idle()
        _ = try await bed.settled(scene.id)
        let succeeded = before.with(scenario.changes)
        do {
            // What was accepted is done; whether it was, who asked can't know.
            try await scene.becomes(refusal == nil ? [succeeded] : [succeeded, before])
        } catch {
            throw TestbedError(found: "\(fate) at commit \(number): \(error)")
        }
        try await scenario.retire(scene)
        try await scene.clear()
        return !isOver
    }
}

extension InstanceTestbed {
    /// Waits until no workflow is under way, or the server died.
    fileprivate func idleOrDead(_ session: StoreSession) async throws {
        let documents = try self.documents
        try await until("all workflows have ended or the server dies") {
            if session.isDead { return true }
            return try documents.list(WorkflowRecord.self).allSatisfy {
                $0.value.status.isSettled
            }
        }
    }
}
