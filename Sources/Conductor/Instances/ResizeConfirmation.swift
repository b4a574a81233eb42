import ComputeModel
import Foundation
import Persistence

/// Confirms resizes whose time is over. A reconciler: it takes no input and looks anew each time.
struct ResizeConfirmation: Sendable {
    /// How often it looks.
    static let interval: Duration = .seconds(30)
    let context: ConductorContext
    let instances: Instances

    /// Looks until the task is cancelled; ends at once when nothing is confirmed by itself.
    func run() async throws {
        guard let window = context.settings.resizeConfirmWindow else { return }
        while true {
            do {
                try await confirm(olderThan: window)
            } catch let error as StoreError {
                if case .closed = error { return }
                context.logger.warning(
                    "looking for resizes to confirm failed", metadata: ["cause": "\(error)"])
            }
            try await context.clock.sleep(for: Self.interval)
        }
    }

    /// One look.
    func confirm(olderThan window: Duration) async throws {
        let limit = context.now() - TimeInterval(window.components.seconds)
        for instance in try context.documents.list(Instance.self).map(\.value)
        where instance.state == .resized && instance.workflowID == nil {
            guard let finished = instance.resize?.finishedAt, finished < limit else { continue }
            let request = APIRequestID("req-" + context.makeUUID().uuidString.lowercased())
            do {
                try await instances.perform(
                    .confirmResize, on: instance.id, .millrace(request))
            } catch let error as DomainError {
                context.logger.info(
                    "a resize can't be confirmed yet",
                    metadata: ["instance": "\(instance.id)", "cause": "\(error)"])
            }
        }
    }
}
