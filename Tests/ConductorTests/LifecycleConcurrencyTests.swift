import ComputeModel
import Persistence
import SimulatedDrivers
import Synchronization
import TestSupport
import Testing
import Workflow

@testable import Conductor

/// Two requests for one instance at a time.
@Suite struct LifecycleConcurrencyTests {
    /// Driver calls of either host at which an operation is held up, if it makes them.
    static let operations: [SimulatedOperation] = [
        .shutdown, .destroy, .detach, .unplug, .save, .restore, .plug, .attach, .export,
        .prepareRoot, .start, .transfer, .undefine, .pause, .unpause, .copyRoot,
    ]

    /// While an operation is held up another one is refused; then the instance is deleted, and
    /// nothing of it is left.
    @Test(arguments: WorkflowTable.rows.map(\.scenario))
    func theSecondIsRefusedAndDeletionWins(_ scenario: LifecycleScenario) async throws {
        var points: [String] = []
        try await scenario.run { bed in
            for operation in Self.operations {
                let scene = try await scenario.scene(in: bed)
                let wasHeld = try await Self.interrupt(scenario, scene, operation)
                if wasHeld { points.append(operation.rawValue) }
            }
        }
        print("\(scenario.testDescription): deleted during \(points.joined(separator: ", "))")
        // Confirming a resize in place asks for no call that could be held up.
        let isHeldUp = !scenario.testDescription.hasPrefix("confirm_resize (resize in place)")
        #expect(!points.isEmpty || !isHeldUp)
    }

    /// Whether the operation made such a call.
    private static func interrupt(
        _ scenario: LifecycleScenario, _ scene: Scene, _ operation: SimulatedOperation
    ) async throws -> Bool {
        let bed = scene.bed
        let hosts = bed.fleet.hosts
        let callsBefore = hosts.map { $0.calls.count }
        for host in hosts { host.set(.stall, on: operation) }
        let isAccepted = Atomic(false)
        let request = Task {
            defer { isAccepted.store(true, ordering: .relaxed) }
            try await scenario.perform(scene)
        }
        func isHeld() -> Bool {
            zip(hosts, callsBefore).contains { host, count in
                host.calls.dropFirst(count).contains { $0.operation == operation }
            }
        }
        try await bed.until("\(operation) is called, or the operation ends") {
            if isHeld() { return true }
            return try isAccepted.load(ordering: .relaxed)
                && bed.documents.list(WorkflowRecord.self).allSatisfy {
                    $0.value.status.isSettled
                }
        }
        let wasHeld = isHeld()
        if wasHeld {
            let refusal = await Refusal.of {
                try await bed.perform(.reboot(.hard), scene.id, InstanceTestbed.adminOfMember)
            }
            #expect(refusal == .conflict(.server, .state), "\(operation)")
        }
        try await bed.delete(scene.id)
        for host in hosts { host.heal() }
        _ = await request.result
        try await scenario.retire(scene)
        do {
            try await scene.clear()
        } catch {
            throw TestbedError(found: "deleted during \(operation): \(error)")
        }
        return wasHeld
    }

    /// Many ask for the same at once: one is accepted.
    @Test(arguments: WorkflowTable.rows.map(\.scenario))
    func onlyOneOfManyIsAccepted(_ scenario: LifecycleScenario) async throws {
        try await scenario.run { bed in
            let scene = try await scenario.scene(in: bed)
            let refusals = await withTaskGroup(of: Refusal?.self) { group in
                for _ in 0..<4 {
                    group.addTask { await Refusal.of { try await scenario.perform(scene) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let accepted = refusals.count { $0 == nil }
            // Offloading what is being offloaded changes nothing and is no error.
            let isRepeatable = scenario.testDescription.contains("offload of a shelved one")
            #expect(accepted == 1 || isRepeatable && accepted > 1, "\(refusals)")
            for refusal in refusals.compactMap({ $0 }) {
                #expect(Self.conflicts.contains(refusal), "\(refusal)")
            }
            try await bed.idle()
            try await scenario.retire(scene)
            try await scene.clear()
        }
    }

    /// A port is somebody's already, too.
    private static let conflicts: [Refusal] = [
        .conflict(.server, .state), .conflict(.port, .portInUse),
    ]
}
