import ComputeModel
import Persistence
import SimulatedDrivers
import Synchronization
import Testing
import Workflow

@testable import Conductor

/// Server and agents die in the middle of operations that were asked of the real control plane,
/// and start again. What was accepted is carried through, and nothing is left half done.
@Suite struct LifecycleCrashTests {
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

    // MARK: Agents

    /// More driver calls than an agent makes for an operation.
    private static let callsMax = 90
    /// Each so many-th driver call is tried.
    private static let callStride = 4

    @Test(arguments: scenarios, ["h1", "h2"])
    func anAgentDies(_ scenario: LifecycleScenario, _ host: String) async throws {
        var kills = 0
        var successes = 0
        try await scenario.run { bed in
            for call in stride(from: 3, to: Self.callsMax, by: Self.callStride) {
                let scene = try await scenario.scene(in: bed)
                // Some don't touch the other host, or have no agent on the old one.
                guard await bed.fleet.namesOfRunningAgents.contains(host) else { break }
                let (wasKilled, isDone) = try await Self.kill(scenario, scene, host, at: call)
                try await scenario.retire(scene)
                try await scene.clear()
                if isDone { successes += 1 }
                guard wasKilled else { break }
                kills += 1
            }
        }
        print("\(scenario.testDescription): agent of \(host) killed at \(kills) driver calls")
        #expect(successes > 0 || kills == 0)
    }

    private static func kill(
        _ scenario: LifecycleScenario, _ scene: Scene, _ name: String, at call: Int
    ) async throws -> (wasKilled: Bool, isDone: Bool) {
        let bed = scene.bed
        let host = try bed.host(name)
        let before = try scene.picture()
        try await bed.fleet.killAgent(name)
        try await bed.fleet.startAgent(name)
        let deaths = host.severed()
        let reviver = Task {
            for await _ in deaths {
                try await bed.fleet.stopAgent(name)
                try await bed.fleet.startAgent(name)
                return true
            }
            return false
        }
        let incarnation = host.incarnation
        host.sever(atCall: call)
        _ = await Refusal.of { try await scenario.perform(scene) }
        try await bed.idle()
        host.sever(atCall: .max)
        reviver.cancel()
        let wasRevived = try await reviver.value
        let wasKilled = host.incarnation != incarnation
        if wasKilled, !wasRevived {
            try await bed.fleet.killAgent(name)
            try await bed.fleet.startAgent(name)
        }
        do {
            let end = try await scene.becomes([before.with(scenario.changes), before])
            return (wasKilled, end == 0)
        } catch {
            throw TestbedError(found: "\(name) killed at call \(call): \(error)")
        }
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
