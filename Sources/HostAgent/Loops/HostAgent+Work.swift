import ComputeModel
import HostDrivers
import Logging

extension HostAgent {
    func startWork(
        _ instance: InstanceID, _ assignment: Assignment?, _ steps: [GuestStep],
        _ kind: Worker.Kind
    ) {
        let generation = assignment?.generation ?? 0
        let worker = GuestWorker(
            drivers: drivers, link: link, settings: settings, clock: environment.clock,
            instanceID: instance, assignment: assignment,
            progress: { await self.noteProgress(instance, generation, $0) },
            note: { await self.take($0, of: instance, generation) })
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
        workers[instance] = Worker(task: task, generation: generation, kind: kind)
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
        if let assignment { noteEnd(assignment, steps) }
        if steps.contains(.forget) {
            record[instance] = nil
            recordIsDirty = true
        }
        var retry = retries[instance] ?? Retry(generation: generation)
        retry.roundsWithoutEffect = retry.lastSteps == steps ? retry.roundsWithoutEffect + 1 : 1
        retry.lastSteps = steps
        retries[instance] = retry
    }

    /// What no look at the host shows afterwards.
    private func noteEnd(_ assignment: Assignment, _ steps: [GuestStep]) {
        // From here on a guest that is off has gone off by itself.
        if steps.contains(.start) || steps.contains(where: \.isAnnouncement) {
            remember(assignment, settledWith: nil)
        }
        if steps.contains(where: \.isExport), let export = assignment.export {
            record[assignment.instanceID]?.exported = export.imageID
            recordIsDirty = true
        }
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
    /// guest that is as assigned, or was given up, is mended for ever: nothing of it fails then
    /// but a copy of its disk. A guest is sent away once, since it has lost its NICs for that.
    private func mayRepeat(
        _ assignment: Assignment, _ problem: GuestProblem, failures: Int
    ) -> Bool {
        if isGivenUp(assignment) { return true }
        if problem.step == .migrate { return false }
        if isReached(assignment), problem.step?.isExport != true { return true }
        if assignment.goal == .absent { return true }
        guard problem.isTransient else { return false }
        return problem.isControlPlaneAway || failures < settings.attemptsMax
    }

    private func isGivenUp(_ assignment: Assignment) -> Bool {
        let remembered = record[assignment.instanceID]
        return remembered?.generation == assignment.generation && remembered?.phase == .failed
    }

    func isReached(_ assignment: Assignment) -> Bool {
        let remembered = record[assignment.instanceID]
        return remembered?.generation == assignment.generation
            && remembered?.phase == .settled
    }

    /// Final until the control plane makes another generation; reported by the next pass, with
    /// the power that the guest has then.
    func fail(_ assignment: Assignment, _ problem: GuestProblem) {
        let instance = assignment.instanceID
        clearRetry(instance)
        var now =
            record[instance]
            ?? RecordedGuest(
                generation: assignment.generation, goal: assignment.goal, phase: .failed)
        now.generation = assignment.generation
        now.goal = assignment.goal
        now.phase = .failed
        now.failure = problem.failure
        now.detail = problem.detail
        record[instance] = now
        recordIsDirty = true
        logger.error("\(problem.detail)", metadata: ["id": "\(instance)"])
        reconcileSignal.notify()
    }

    func clearRetry(_ instance: InstanceID) {
        retries.removeValue(forKey: instance)?.timer?.cancel()
    }

    /// Tells what is being done. A guest that reached its goal stays settled while it is mended.
    func noteProgress(_ instance: InstanceID, _ generation: Int, _ detail: String) {
        guard let assignment = desired?[instance], assignment.generation == generation,
            !isGivenUp(assignment)
        else { return }
        var report = verdict(
            on: assignment, observed.traces(of: instance), remembered: record[instance],
            migration: migrationReport(on: assignment), now: environment.now())
        if !(isReached(assignment) && assignment.goal != .absent) { report.phase = .working }
        report.detail = detail
        send(report)
    }
}

extension GuestStep {
    fileprivate var isAnnouncement: Bool {
        if case .announce = self { true } else { false }
    }
}
