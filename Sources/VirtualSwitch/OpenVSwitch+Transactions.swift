import Logging
import OVSDB

extension OpenVSwitch {
    /// How much longer than the server's own bound a bounded wait may take to be answered.
    private static let answerMargin = Duration.seconds(5)

    /// Plans on a fresh snapshot and commits, again while others are quicker.
    ///
    /// - Returns: What the plan said, and the `next_cfg` that covers it.
    func retryingRaces<Verdict>(
        _ attempt: String,
        plan: (SwitchSnapshot) throws(VirtualSwitchError) -> (Verdict, GuardedWrite?)
    ) async throws(VirtualSwitchError) -> (Verdict, Int64) {
        for _ in 0..<Self.maximumAttempts {
            let snapshot = try await readSnapshot(attempt)
            let (verdict, write) = try plan(snapshot)
            guard let write else { return (verdict, snapshot.nextConfiguration) }
            if let configuration = try await commit(write, attempt) {
                return (verdict, configuration)
            }
            logger.debug("others were quicker", metadata: ["attempt": "\(attempt)"])
        }
        throw .concurrentChanges(attempt: attempt, attempts: Self.maximumAttempts)
    }

    func readSnapshot(_ attempt: String) async throws(VirtualSwitchError) -> SwitchSnapshot {
        try SwitchSnapshot(try await transact(SwitchSnapshot.operations, attempt))
    }

    /// Waits, within the bound, for `ovs-vswitchd` to have applied a configuration.
    func waitUntilApplied(
        _ configuration: Int64, _ wait: ApplyWait, attempt: String
    ) async throws(VirtualSwitchError) {
        guard case .upTo(let timeout) = wait else { return }
        let deadline = ContinuousClock.now + timeout
        while true {
            let applied = try await appliedConfiguration(attempt)
            if applied >= configuration { return }
            let remainingMS = Int((deadline - .now) / .milliseconds(1))
            guard remainingMS > 0,
                try await configurationMoves(from: applied, withinMS: remainingMS, attempt)
            else {
                throw .notApplied(attempt: attempt, timeout: timeout)
            }
        }
    }

    /// Commits a write; `nil` when a guard didn't hold.
    private func commit(
        _ write: GuardedWrite, _ attempt: String
    ) async throws(VirtualSwitchError) -> Int64? {
        let connection = try await database.connection()
        do throws(OVSDBError) {
            let results = try await connection.transact(
                SwitchTable.database, write.operations, timeout: callTimeout)
            return try Self.lastConfiguration(results)
        } catch {
            if write.lostRace(error) { return nil }
            throw .databaseFailed(attempt: attempt, error)
        }
    }

    private static func lastConfiguration(
        _ results: [OVSDBOperationResult]
    ) throws(OVSDBError) -> Int64 {
        guard let number = results.last?.rows.first?["next_cfg"]?.integer else {
            throw .malformedMessage(detail: "a commit that returned no next_cfg")
        }
        return number
    }

    private func appliedConfiguration(
        _ attempt: String
    ) async throws(VirtualSwitchError) -> Int64 {
        let results = try await transact(
            [.select(table: SwitchTable.root, where: [], columns: ["cur_cfg"])], attempt)
        guard let number = results.first?.rows.first?["cur_cfg"]?.integer else {
            throw .malformedRow(table: SwitchTable.root, detail: "no cur_cfg")
        }
        return number
    }

    /// Lets the server tell when `cur_cfg` is another; `false` when the time is up.
    private func configurationMoves(
        from applied: Int64, withinMS timeoutMS: Int, _ attempt: String
    ) async throws(VirtualSwitchError) -> Bool {
        let wait = OVSDBOperation.wait(
            table: SwitchTable.root, where: [], columns: ["cur_cfg"], until: .notEqual,
            rows: [["cur_cfg": .integer(applied)]], timeoutMS: timeoutMS)
        let connection = try await database.connection()
        do throws(OVSDBError) {
            _ = try await connection.transact(
                SwitchTable.database, [wait],
                timeout: .milliseconds(timeoutMS) + Self.answerMargin)
            return true
        } catch .operationFailed(_, _, let reason) where reason.kind == .timedOut {
            return false
        } catch {
            throw .databaseFailed(attempt: attempt, error)
        }
    }

    private func transact(
        _ operations: [OVSDBOperation], _ attempt: String
    ) async throws(VirtualSwitchError) -> [OVSDBOperationResult] {
        let connection = try await database.connection()
        do throws(OVSDBError) {
            return try await connection.transact(
                SwitchTable.database, operations, timeout: callTimeout)
        } catch {
            throw .databaseFailed(attempt: attempt, error)
        }
    }
}
