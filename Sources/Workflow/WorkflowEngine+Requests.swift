extension WorkflowEngine {
    /// Asks a running workflow to stop and unwind. Returns once the request is durable; then it is
    /// honoured, even if the step in flight ends well. Harmless for one that unwinds already.
    ///
    /// Throws ``WorkflowEngineError/notPossible(id:status:)`` for one that is settled.
    public func cancel(_ id: String) async throws(WorkflowEngineError) {
        for _ in 0..<environment.limits.conflictAttempts {
            let stored = try await load(id)
            switch stored.record.status {
            case .unwinding: return
            case .running: break
            case .succeeded, .failed, .stuck:
                throw .notPossible(id: id, status: stored.record.status)
            }
            var record = stored.record
            record.requestCancellation(at: environment.now())
            do {
                if !stored.record.isCancelRequested {
                    _ = try await environment.log.save(record, expecting: stored.generation)
                }
                return noticeCancellation(of: id)
            } catch .conflict {
                // It went on by a step meanwhile; look again.
            } catch {
                throw .log(error)
            }
        }
        throw .log(.conflict(id: id))
    }

    /// Tells the engine that the stored record of a workflow asks for cancellation now (someone
    /// used ``WorkflowRecord/requestCancellation(at:)`` in a transaction of their own).
    public func noticeCancellation(of id: String) {
        entries[id]?.control.requestCancellation()
    }

    /// Tries a stuck workflow again. Throws ``WorkflowEngineError/notPossible(id:status:)`` for
    /// any other.
    public func retry(_ id: String) async throws(WorkflowEngineError) {
        let stored = try await load(id)
        guard stored.record.status == .stuck else {
            throw .notPossible(id: id, status: stored.record.status)
        }
        try await adopt(stored.record, generation: stored.generation)
    }

    /// Waits until a workflow is settled and returns its record: succeeded, failed or stuck.
    ///
    /// Throws ``WorkflowEngineError/notDriven(id:)`` if it is not settled and not in this engine's
    /// hands, or leaves them unsettled; `CancellationError` if the waiting task is cancelled.
    public func wait(for id: String) async throws -> WorkflowRecord {
        if entries[id] == nil {
            let stored = try await load(id)
            if entries[id] == nil {
                guard stored.record.status.isSettled else {
                    throw WorkflowEngineError.notDriven(id: id)
                }
                return stored.record
            }
        }
        nextWaiter += 1
        let number = nextWaiter
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                if Task.isCancelled {
                    continuation.resume(returning: .failure(.notDriven(id: id)))
                } else {
                    waiters[id, default: [:]][number] = continuation
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(number, for: id) }
        }
        try Task.checkCancellation()
        return try result.get()
    }

    /// Ids of the workflows in this engine's hands.
    public var driven: [String] { entries.keys.sorted() }

    private func stopWaiting(_ number: UInt64, for id: String) {
        waiters[id]?.removeValue(forKey: number)?.resume(
            returning: .failure(.notDriven(id: id)))
    }

    private func load(_ id: String) async throws(WorkflowEngineError) -> StoredWorkflow {
        do {
            guard let stored = try await environment.log.load(id) else {
                throw WorkflowEngineError.unknownWorkflow(id: id)
            }
            return stored
        } catch let error as WorkflowLogError {
            throw .log(error)
        } catch let error as WorkflowEngineError {
            throw error
        } catch {
            throw .log(.unavailable(detail: String(describing: error)))
        }
    }
}
