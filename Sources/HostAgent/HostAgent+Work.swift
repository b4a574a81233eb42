import ComputeModel
import HostDrivers
import Logging

extension HostAgent {
    func startWork(
        _ instance: InstanceID, _ assignment: Assignment?, _ steps: [GuestStep], isBuild: Bool
    ) {
        let generation = assignment?.generation ?? 0
        let worker = GuestWorker(
            drivers: drivers, link: link, settings: settings, clock: environment.clock,
            instanceID: instance, assignment: assignment,
            progress: { await self.noteProgress(instance, generation, $0) })
        if assignment == nil {
            logger.notice("removing a guest without assignment", metadata: ["id": "\(instance)"])
        }
        if let step = steps.first { noteProgress(instance, generation, step.progress) }
        let task = Task {
            do throws(GuestProblem) {
                try await worker.perform(steps)
                self.finished(instance, generation, steps, nil)
            } catch {
                self.finished(instance, generation, steps, error)
            }
        }
        workers[instance] = Worker(task: task, generation: generation, isBuild: isBuild)
    }

    private func finished(
        _ instance: InstanceID, _ generation: Int, _ steps: [GuestStep],
        _ problem: GuestProblem?
    ) {
        workers[instance] = nil
        finishedSinceLook.insert(instance)
        defer { reconcileSignal.notify() }
        let assignment = desired?[instance]
        // Superseded work, and work stopped with the agent, ends without a word.
        guard !Task.isCancelled, (assignment?.generation ?? 0) == generation else { return }
        if let problem {
            noteFailure(instance, assignment, problem)
            return
        }
        // From here on a guest that is off has gone off by itself.
        if let assignment, assignment.goal != .absent { remember(assignment, .settled) }
        if steps.contains(.forget) {
            record[instance] = nil
            recordIsDirty = true
        }
        var retry = retries[instance] ?? Retry(generation: generation)
        retry.roundsWithoutEffect += 1
        retries[instance] = retry
    }

    /// Decides between another attempt and giving up.
    func noteFailure(
        _ instance: InstanceID, _ assignment: Assignment?, _ problem: GuestProblem
    ) {
        var retry = retries[instance] ?? Retry(generation: assignment?.generation ?? 0)
        retry.failures += 1
        logger.warning(
            "\(problem.detail)",
            metadata: ["id": "\(instance)", "failures": "\(retry.failures)"])
        if let assignment, !mayRepeat(assignment, problem, failures: retry.failures) {
            fail(assignment, problem)
            return
        }
        // What can't help itself is asked rarely.
        let delay =
            problem.isTransient
            ? settings.workBackoff.delay(
                attempt: retry.failures, jitter: environment.jitter())
            : settings.workBackoff.longest
        retry.timer = Task {
            guard await self.pause(delay) else { return }
            self.retries[instance]?.timer = nil
            self.reconcileSignal.notify()
        }
        retries[instance] = retry
        noteProgress(
            instance, retry.generation,
            "attempt \(retry.failures) failed, trying again: \(problem.detail)")
    }

    /// Removals don't end before the host is clean, since nothing else frees the devices; and a
    /// guest that runs is never declared failed because its wiring can't be mended.
    private func mayRepeat(
        _ assignment: Assignment, _ problem: GuestProblem, failures: Int
    ) -> Bool {
        if isReached(assignment), assignment.goal == .running { return true }
        guard problem.isTransient else { return false }
        return assignment.goal == .absent || problem.isControlPlaneAway
            || failures < settings.attemptsMax
    }

    func isReached(_ assignment: Assignment) -> Bool {
        let remembered = record[assignment.instanceID]
        return remembered?.generation == assignment.generation
            && remembered?.phase == .settled
    }

    /// Final until the control plane makes another generation; reported by the next pass, with
    /// the power that the guest has then.
    func fail(_ assignment: Assignment, _ problem: GuestProblem) {
        clearRetry(assignment.instanceID)
        record[assignment.instanceID] = RecordedGuest(
            generation: assignment.generation, goal: assignment.goal, phase: .failed,
            failure: problem.failure, detail: problem.detail,
            wasBuilt: record[assignment.instanceID]?.wasBuilt ?? false)
        recordIsDirty = true
        logger.error("\(problem.detail)", metadata: ["id": "\(assignment.instanceID)"])
        reconcileSignal.notify()
    }

    func clearRetry(_ instance: InstanceID) {
        retries.removeValue(forKey: instance)?.timer?.cancel()
    }

    /// Tells what is being done. A guest that reached its goal stays settled while it is mended.
    func noteProgress(_ instance: InstanceID, _ generation: Int, _ detail: String) {
        guard let assignment = desired?[instance], assignment.generation == generation,
            !(record[instance]?.generation == generation && record[instance]?.phase == .failed)
        else { return }
        var report = verdict(
            on: assignment, observed.traces(of: instance), remembered: record[instance],
            now: environment.now())
        if !(isReached(assignment) && assignment.goal != .absent) { report.phase = .working }
        report.detail = detail
        send(report)
    }
}
