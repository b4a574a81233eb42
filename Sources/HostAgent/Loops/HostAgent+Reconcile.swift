import ComputeModel
import HostDrivers
import Logging

extension HostAgent {
    /// One pass at a time; signals that come meanwhile make one more.
    func reconcileLoop() async {
        for await _ in reconcileSignal.stream {
            await pass()
        }
    }

    /// Looks at the host, starts what is missing, reports what is as assigned.
    private func pass() async {
        guard desired != nil, lookTimer == nil else { return }
        // What happens to these instances during the look makes it old for them; the end of
        // their work signals the next pass.
        finishedSinceLook = Set(workers.keys)
        do throws(DriverError) {
            observed = try await look()
            noteLook(problem: nil)
        } catch {
            noteLook(problem: error)
            return
        }
        guard let desired else { return }
        let actions = difference(
            desired: Array(desired.values), observed: observed, record: record,
            orphans: orphanPolicy)
        let steps = Dictionary(grouping: actions, by: \.instanceID)
            .mapValues { $0.map(\.step) }
        var reports: [GuestReport] = []
        for instance in desired.keys {
            let left = steps[instance] ?? []
            guard left.allSatisfy(\.isAfterwards) else { continue }
            if let report = conclude(instance, isDone: left.isEmpty) { reports.append(report) }
            forceMigrationIfAsked(instance)
        }
        var seen: Set<InstanceID> = []
        for action in actions where seen.insert(action.instanceID).inserted {
            consider(action.instanceID, steps[action.instanceID] ?? [])
        }
        // The record goes first: what the control plane was told must not be forgotten.
        await saveRecord()
        for report in reports { send(report) }
    }

    func look() async throws(DriverError) -> HostObservation {
        let guests = try await call("list guests", identity.hostName) {
            [drivers] () throws(DriverError) in try await drivers.hypervisor.guests()
        }
        let vifs = try await call("list VIFs", identity.hostName) {
            [drivers] () throws(DriverError) in try await drivers.virtualSwitch.list()
        }
        let storage = try await call("list stored guests", identity.hostName) {
            [drivers] () throws(DriverError) in try await drivers.storage.list()
        }
        return HostObservation(guests: guests, vifs: vifs, storage: storage)
    }

    /// After a failed look the host is looked at again later, and the operators are told.
    private func noteLook(problem: DriverError?) {
        if hostReporting.lookProblem != problem {
            hostReporting.lookProblem = problem
            hostSignal.notify()
        }
        guard let problem else {
            lookFailures = 0
            return
        }
        if Task.isCancelled { return }
        logger.warning("\(problem)")
        lookFailures += 1
        let delay = settings.workBackoff.delay(
            attempt: lookFailures, jitter: environment.jitter())
        lookTimer = Task {
            let isDue = await self.pause(delay)
            self.lookTimer = nil
            if isDue { self.reconcileSignal.notify() }
        }
    }

    /// Nothing is left to do for the guest of an assignment: remembers that, and says what to
    /// report. `isDone` unless something is still to be done with its files.
    private func conclude(_ instance: InstanceID, isDone: Bool) -> GuestReport? {
        guard let assignment = desired?[instance], workers[instance] == nil,
            !finishedSinceLook.contains(instance)
        else { return nil }
        if isDone { clearRetry(instance) }
        let traces = observed.traces(of: instance)
        let comparison = Comparison(
            assignment: assignment, traces: traces, remembered: record[instance])
        if comparison.outcome == .settled { remember(assignment, settledWith: traces) }
        return verdict(
            on: assignment, traces, remembered: record[instance],
            migration: migrationReport(on: assignment), now: environment.now())
    }

    /// Starts work on an instance unless it is under way, has to wait, or there is no room; when
    /// room comes, a worker has ended, and that makes another pass.
    private func consider(_ instance: InstanceID, _ steps: [GuestStep]) {
        guard workers[instance] == nil, !finishedSinceLook.contains(instance),
            retries[instance]?.timer == nil
        else { return }
        let assignment = desired?[instance]
        if case .giveUp(let problem)? = steps.first, let assignment {
            fail(assignment, problem)
            return
        }
        if let retry = retries[instance], retry.lastSteps == steps,
            retry.roundsWithoutEffect >= settings.roundsMax, let step = steps.first
        {
            retries[instance]?.roundsWithoutEffect = 0
            noteFailure(instance, assignment, .withoutEffect(step))
            return
        }
        let kind = Worker.Kind(steps)
        let bound =
            switch kind {
            case .action: settings.parallelActions
            case .transfer: settings.parallelBuilds
            case .migration: settings.parallelMigrations
            }
        guard workers.values.count(where: { $0.kind == kind }) < bound else { return }
        startWork(instance, assignment, steps, kind)
    }

    /// The goal was reached; `traces` is what was there then, if it was looked at.
    func remember(_ assignment: Assignment, settledWith traces: GuestTraces?) {
        let before = record[assignment.instanceID]
        var now =
            before
            ?? RecordedGuest(
                generation: assignment.generation, goal: assignment.goal, phase: .settled)
        now.generation = assignment.generation
        now.goal = assignment.goal
        now.phase = .settled
        now.failure = nil
        now.detail = ""
        if traces?.has(assignment.guest.rootDisk) ?? true {
            now.noteData(inRoot: assignment.guest.rootBuild ?? 0)
        }
        noteArrival(of: assignment, traces, &now)
        guard now != before else { return }
        record[assignment.instanceID] = now
        recordIsDirty = true
    }

    /// One at a time, so that no older state comes after a newer one. False when what is
    /// remembered could not be made durable.
    @discardableResult
    func saveRecord() async -> Bool {
        while let saving { await saving.value }
        // One that can't be read is left for the operator to look at.
        guard recordIsDirty, !recordIsSuspect else { return true }
        recordIsDirty = false
        let task = Task {
            await self.store()
            // Not left to who waits: a finished task that is still here would be waited for again.
            self.saving = nil
        }
        saving = task
        await task.value
        return hostReporting.recordProblem == nil
    }

    private func store() async {
        do throws(LocalRecordError) {
            try await recordStore.save(record)
            noteRecord(problem: nil)
        } catch {
            recordIsDirty = true
            noteRecord(problem: error)
        }
    }

    private func noteRecord(problem: LocalRecordError?) {
        guard hostReporting.recordProblem != problem else { return }
        hostReporting.recordProblem = problem
        hostSignal.notify()
        if let problem { logger.error("\(problem)") }
    }

    /// A driver call with the usual bound.
    func call<Success: Sendable>(
        _ operation: String, _ object: String,
        _ body: @escaping @Sendable () async throws(DriverError) -> Success
    ) async throws(DriverError) -> Success {
        try await bounded(
            settings.callTimeout, environment.clock, operation, object, body)
    }
}

extension HostAgent.Worker.Kind {
    init(_ steps: [GuestStep]) {
        let isTransfer = steps.contains { step in
            switch step {
            case .prepare, .copyRoot, .export: true
            default: false
            }
        }
        self = steps.contains(.migrate) ? .migration : isTransfer ? .transfer : .action
    }
}
