import ComputeModel
import Workflow

// A guest's power on its host, taken and given back.
extension GuestAssignments {
    /// Takes the guest's power, and waits until it is off.
    ///
    /// Throws `GuestFailure` when its host can't do it, or says nothing in time.
    func powerOff(
        _ id: InstanceID, on host: HostID, by mark: String, _ step: StepContext
    ) async throws {
        try await rewrite(id, on: host, by: mark) { assignment, _ in
            assignment.goal = .stopped
            assignment.restart = nil
        }
        try await awaitSettled(
            id, on: host, within: context.settings.actionTimeout,
            checkCancellation: step.checkCancellation)
    }

    /// What became of a guest whose assignment an undo has written as it was.
    enum Restoration {
        case done
        /// Its host says that it can't.
        case failed
        /// No word in time: its host goes on trying.
        case unknown
    }

    /// Waits until what an undo has assigned came true.
    func restoration(
        of id: InstanceID, on host: HostID, within limit: Duration, _ step: StepContext
    ) async throws -> Restoration {
        do {
            try await awaitSettled(
                id, on: host, within: limit, checkCancellation: step.checkCancellation)
            return .done
        } catch is GuestFailure {
            return try isFailed(id, on: host) ? .failed : .unknown
        }
    }
}
