import ComputeModel
import Persistence

// A guest that is on its way from one host to another.
extension GuestAssignments {
    /// Waits until the guest runs on its new host, `limit` at most: false when it doesn't yet.
    ///
    /// Throws `GuestFailure` when the source says that it could not be sent.
    func arrival(
        of id: InstanceID, on destination: HostID, from source: HostID, within limit: Duration
    ) async throws -> Bool {
        let arrived = GuestReport.key(destination, id)
        let sent = GuestReport.key(source, id)
        do {
            return try await context.documents.wait(
                watching: [GuestReport.self], timeout: limit, clock: context.clock
            ) { snapshot -> Bool? in
                let report = try snapshot.get(GuestReport.self, arrived)?.value
                let generation = try snapshot.get(Assignment.self, arrived)?.value.generation
                if let report, report.generation == generation, report.power == .running,
                    report.phase == .settled || report.phase == .failed
                {
                    return true
                }
                let word = try snapshot.get(GuestReport.self, sent)?.value
                let sending = try snapshot.get(Assignment.self, sent)?.value.generation
                if let word, word.generation == sending, word.phase == .failed {
                    throw GuestFailure(
                        tenantMessage: word.failure ?? "The server could not be migrated.",
                        detail: word.detail)
                }
                return nil
            }
        } catch StoreError.timedOut {
            return false
        }
    }
}
