import HostDrivers

/// Every driver call goes through here: it is counted, and may fail, stall or lie.
struct SimulatedGate: Sendable {
    let host: SimulatedHost
    let incarnation: Int

    /// Runs `effect` at once, as one change, unless a fault says otherwise; a lie answers `lie`
    /// where there is one.
    func call<Success: Sendable>(
        _ operation: SimulatedOperation, _ object: String, lie: Success? = nil,
        _ effect: (inout SimulatedState) throws(DriverError) -> Success
    ) async throws(DriverError) -> Success {
        if let answer = try await enter(operation, object), answer == .lie, let lie {
            return lie
        }
        return try host.attempt { state throws(DriverError) in
            guard state.incarnation == incarnation else { throw dead(operation, object) }
            return try effect(&state)
        }
    }

    /// As `call`, for what only reads.
    func ask<Success: Sendable>(
        _ operation: SimulatedOperation, _ object: String,
        _ answer: (SimulatedState) throws(DriverError) -> Success
    ) async throws(DriverError) -> Success {
        _ = try await enter(operation, object)
        return try host.read { state in
            Result { () throws(DriverError) in try answer(state) }
        }.get()
    }

    /// Counts the call and waits or throws as the fault plan says.
    func enter(
        _ operation: SimulatedOperation, _ object: String
    ) async throws(DriverError) -> SimulatedFault? {
        if Task.isCancelled { throw cancelled(operation, object) }
        let (isAlive, wasSevered, fault) = host.read { state in
            state.admit(operation, object, incarnation: incarnation)
        }
        if wasSevered { host.announceSeverance() }
        guard isAlive else { throw dead(operation, object) }
        switch fault {
        case .fail(let error): throw error
        case .stall: try await stall(operation, object)
        case .lie, nil: break
        }
        return fault
    }

    private func stall(
        _ operation: SimulatedOperation, _ object: String
    ) async throws(DriverError) {
        let id = host.read { state in
            state.nextStall += 1
            return state.nextStall
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isTooLate = host.read { state in
                    if Task.isCancelled { return true }
                    state.stalled[operation, default: [:]][id] = continuation
                    return false
                }
                if isTooLate { continuation.resume() }
            }
        } onCancel: {
            let continuation = host.read { state in
                state.stalled[operation]?.removeValue(forKey: id)
            }
            continuation?.resume()
        }
        if Task.isCancelled { throw cancelled(operation, object) }
    }

    func dead(_ operation: SimulatedOperation, _ object: String) -> DriverError {
        .cancelled(
            DriverFault(
                operation: operation.rawValue, object: object, found: "the agent was killed"))
    }

    func cancelled(_ operation: SimulatedOperation, _ object: String) -> DriverError {
        .cancelled(
            DriverFault(operation: operation.rawValue, object: object, found: "cancelled"))
    }
}

extension SimulatedState {
    /// Whether the caller is alive, whether this call killed it, and the fault that is due.
    fileprivate mutating func admit(
        _ operation: SimulatedOperation, _ object: String, incarnation caller: Int
    ) -> (isAlive: Bool, wasSevered: Bool, fault: SimulatedFault?) {
        guard incarnation == caller else { return (false, false, nil) }
        callCount += 1
        if let last = severAtCall, callCount >= last {
            incarnation += 1
            return (false, true, nil)
        }
        if calls.count >= SimulatedHost.callsKept { calls.removeFirst(calls.count / 2) }
        calls.append(SimulatedCall(operation: operation, object: object))
        return (true, false, faults.next(operation))
    }
}
