import ComputeModel
import Foundation
import Persistence
import Placement
import Workflow

/// Clears away what was kept only to be read: deleted instances with their event lists, and
/// finished workflows. A reconciler: it takes no input and reads everything anew each time.
struct RecordSweep: Sendable {
    /// Documents removed in one transaction.
    static let batchMax = 40
    /// How often it looks.
    static let interval: Duration = .seconds(300)
    let context: ConductorContext

    /// Sweeps until the task is cancelled. A pass that fails is logged; the next one repeats it.
    func run() async throws {
        while true {
            do {
                while try await sweepBatch() > 0 { try Task.checkCancellation() }
            } catch let error as StoreError {
                if case .closed = error { return }
                context.logger.warning(
                    "sweeping old records failed", metadata: ["cause": "\(error)"])
            }
            try await context.clock.sleep(for: Self.interval)
        }
    }

    /// Removes a batch; returns how many documents went.
    func sweepBatch() async throws -> Int {
        let limit =
            context.now()
            - TimeInterval(
                context.settings.deletedInstanceKept.components.seconds)
        let documents = context.documents
        let workflows = try documents.list(WorkflowRecord.self).filter {
            $0.value.status.isFinished && $0.value.updatedAt < limit
        }.prefix(Self.batchMax)
        let instances = try documents.list(Instance.self).filter {
            $0.value.state == .deleted && $0.value.workflowID == nil
                && ($0.value.terminatedAt ?? limit) < limit
        }.prefix(1)
        let actions = try instances.flatMap {
            try documents.list(InstanceAction.self, prefix: InstanceAction.keys(of: $0.value.id))
        }
        let overflow = actions.count > Self.batchMax
        guard !workflows.isEmpty || !instances.isEmpty else { return 0 }
        try await documents.transact { transaction in
            for record in workflows {
                try transaction.delete(record)
                if let placement = try documents.get(PlacementRecord.self, record.value.id) {
                    try transaction.delete(placement)
                }
            }
            for action in actions.prefix(Self.batchMax) { try transaction.delete(action) }
            // The instance goes last, so that no action is ever left without it.
            if !overflow { for instance in instances { try transaction.delete(instance) } }
        }
        return workflows.count + actions.count + instances.count
    }
}
