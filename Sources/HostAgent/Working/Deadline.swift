import HostDrivers

/// Runs a driver call for at most `limit`. A call that honours cancellation ends then; what it
/// did is unknown, as with every `timedOut`.
func bounded<Success: Sendable>(
    _ limit: Duration, _ clock: any Clock<Duration>, _ operation: String, _ object: String,
    _ call: @escaping @Sendable () async throws(DriverError) -> Success
) async throws(DriverError) -> Success {
    let outcome = await withTaskGroup(
        of: Result<Success, DriverError>?.self,
        returning: Result<Success, DriverError>.self
    ) { group in
        group.addTask {
            do throws(DriverError) { return .success(try await call()) } catch {
                return .failure(error)
            }
        }
        group.addTask {
            do { try await clock.sleep(for: limit) } catch { return nil }
            return .failure(
                .timedOut(
                    DriverFault(
                        operation: operation, object: object,
                        found: "no answer within \(limit)")))
        }
        // The sleeper answers nil only when the whole call was cancelled: then the call itself
        // says what became of it.
        while let first = await group.next() {
            if let first {
                group.cancelAll()
                return first
            }
        }
        return .failure(
            .cancelled(DriverFault(operation: operation, object: object, found: "cancelled")))
    }
    return try outcome.get()
}
