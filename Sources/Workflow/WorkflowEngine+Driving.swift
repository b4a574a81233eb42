import Logging

extension WorkflowEngine {
    /// Lifts the block of an entry if the workflow it waits for is settled already, or unknown.
    func settleBlocker(_ blocker: String, of id: String) async throws(WorkflowEngineError) {
        if entries[blocker] != nil { return }
        do {
            let stored = try await environment.log.load(blocker)
            // It may have been adopted here during the look.
            if entries[blocker] != nil { return }
            if stored.map(\.record.status.isSettled) ?? true { entries[id]?.blocker = nil }
        } catch {
            entries[id] = nil
            throw .log(error)
        }
    }

    /// Begins an entry if it may, or leaves it for later.
    func begin(_ id: String) {
        guard !isShutDown, let entry = entries[id], entry.task == nil, entry.blocker == nil
        else { return }
        guard runningCount < environment.limits.concurrentWorkflows else {
            if !queue.contains(id) { queue.append(id) }
            return
        }
        runningCount += 1
        var run = WorkflowRun(
            entry.stored, definition: entry.definition, control: entry.control,
            environment: environment)
        entries[id]?.task = Task { [self] in
            do throws(WorkflowRun.Stop) {
                try await run.drive()
                await onFinished?(run.record)
                settle(id, .success(run.record))
            } catch {
                let level: Logger.Level = error == .shuttingDown ? .debug : .error
                environment.logger.log(
                    level: level, "a workflow is no longer driven here",
                    metadata: ["workflow": "\(id)", "reason": "\(error)"])
                settle(id, .failure(.notDriven(id: id)))
            }
        }
    }

    /// An entry is out of this engine's hands: tells who waits, lets others begin.
    private func settle(_ id: String, _ result: Result<WorkflowRecord, WorkflowEngineError>) {
        entries[id] = nil
        runningCount -= 1
        release(id, result)
        if case .success = result {
            let blocked = entries.filter { $0.value.blocker == id }.map(\.key)
            for other in blocked {
                entries[other]?.blocker = nil
                begin(other)
            }
        }
        while !queue.isEmpty, runningCount < environment.limits.concurrentWorkflows {
            begin(queue.removeFirst())
        }
    }

    func release(_ id: String, _ result: Result<WorkflowRecord, WorkflowEngineError>) {
        for waiter in (waiters.removeValue(forKey: id) ?? [:]).values {
            waiter.resume(returning: result)
        }
    }
}
