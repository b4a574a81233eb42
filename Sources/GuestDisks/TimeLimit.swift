/// Runs `body` and cancels it when the limit has passed.
///
/// Waits for `body` to end in any case, so `body` must heed cancellation.
func withTimeLimit<Value: Sendable>(
    _ limit: Duration, else timeout: GuestDiskError,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw timeout }
        return value
    }
}
