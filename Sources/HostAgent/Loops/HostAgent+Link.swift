import AgentProtocol
import ComputeModel
import HostDrivers
import Logging

extension HostAgent {
    /// Keeps a session with the control plane for ever; a refusal is asked again too, slowly,
    /// because an operator may lift it.
    func linkLoop() async {
        var failures = 0
        while !Task.isCancelled {
            do throws(AgentLinkError) {
                try await session { failures = 0 }
            } catch {
                failures += 1
                if Task.isCancelled { return }
                logger.warning("\(error)", metadata: ["failures": "\(failures)"])
                let backoff = settings.linkBackoff
                let delay =
                    if case .refused = error { backoff.longest } else {
                        backoff.delay(attempt: failures, jitter: environment.jitter())
                    }
                guard await pause(delay) else { return }
            }
        }
    }

    /// Greets, then polls until something goes wrong. Every session begins with a full batch.
    private func session(onProgress: () -> Void) async throws(AgentLinkError) {
        let welcome = try await link.hello(
            AgentHello(
                protocolVersion: agentProtocolVersion, agentVersion: identity.agentVersion,
                hostName: identity.hostName, zone: identity.zone))
        begin(welcome)
        var revision: Int64 = 0
        while !Task.isCancelled {
            let (batch, waited) = try await poll(after: revision, welcome)
            onProgress()
            let isNews = batch.revision != revision || !batch.questions.isEmpty
            accept(batch)
            revision = batch.revision
            // A control plane that answers at once without news must not make a busy loop.
            if !isNews, waited < settings.pollFloor {
                guard await pause(settings.pollFloor) else { return }
            }
        }
    }

    private func poll(
        after revision: Int64, _ welcome: AgentWelcome
    ) async throws(AgentLinkError) -> (AssignmentBatch, Duration) {
        var answer: Result<AssignmentBatch, AgentLinkError> = .failure(.garbled("no answer"))
        let waited = await environment.clock.measure {
            do throws(AgentLinkError) {
                answer = .success(
                    try await link.assignments(
                        after: revision, timeoutMS: welcome.pollTimeoutMS))
            } catch { answer = .failure(error) }
        }
        return (try answer.get(), waited)
    }

    private func begin(_ welcome: AgentWelcome) {
        self.welcome = welcome
        hostReporting.isDue = true
        hostSignal.notify()
        reportSignal.notify()
        if record.hostID == nil {
            record.hostID = welcome.hostID
            recordIsDirty = true
        }
    }

    /// Takes a batch over. Work for assignments that it replaced is stopped at once.
    func accept(_ batch: AssignmentBatch) {
        let assignments = Dictionary(
            batch.assignments.map { ($0.instanceID, $0) },
            uniquingKeysWith: { $0.generation >= $1.generation ? $0 : $1 })
        setOrphanPolicy(batch)
        if batch.revision > record.revision {
            record.revision = batch.revision
            recordIsDirty = true
        }
        let drift = driftConditions()
        desired = assignments
        // What vanished is worth a word only while somebody owns it.
        if driftConditions() != drift { hostSignal.notify() }
        outbox.keepOnly(Set(assignments.keys))
        for (instance, worker) in workers {
            let generation = assignments[instance]?.generation ?? 0
            if worker.generation != generation { worker.task.cancel() }
        }
        for (instance, retry) in retries {
            let generation = assignments[instance]?.generation ?? 0
            if retry.generation != generation { clearRetry(instance) }
        }
        migrations = migrations.filter { assignments[$0.key] != nil }
        let leaving = Set(assignments.values.compactMap(\.departure?.migrationID))
        forcing = forcing.filter { leaving.contains($0.key) }
        for instance in assignments.keys { forceMigrationIfAsked(instance) }
        for question in batch.questions { startAnswering(question) }
        reconcileSignal.notify()
    }

    /// Guests without an assignment are destroyed only if the control plane is the one that made
    /// them and remembers at least as much as the agent: a control plane restored from an old
    /// copy, or set up anew, must not cost guests.
    private func setOrphanPolicy(_ batch: AssignmentBatch) {
        let isStranger = welcome.map { $0.hostID != record.hostID } ?? true
        let isOlder = batch.revision < record.revision
        let policy: OrphanPolicy =
            isStranger || isOlder || recordIsSuspect ? .keep : .remove
        if policy != orphanPolicy { hostSignal.notify() }
        if policy == .keep {
            logger.warning(
                "guests without an assignment are kept: the control plane may have lost them",
                metadata: ["batch": "\(batch.revision)", "known": "\(record.revision)"])
        }
        orphanPolicy = policy
    }

    // MARK: Reports

    /// Sends what is in the outbox, again and again until it was acknowledged.
    func reportLoop() async {
        var failures = 0
        for await _ in reportSignal.stream {
            while !outbox.isEmpty, welcome != nil, !Task.isCancelled {
                let reports = outbox.next(settings.reportsPerMessage)
                do throws(AgentLinkError) {
                    try await link.reportGuests(reports)
                    outbox.acknowledge(reports)
                    failures = 0
                } catch .refused(let why) {
                    logger.error("reports were refused: \(why)")
                    outbox.acknowledge(reports)
                } catch {
                    failures += 1
                    let delay = settings.linkBackoff.delay(
                        attempt: failures, jitter: environment.jitter())
                    guard await pause(delay) else { return }
                }
            }
        }
    }

    func send(_ report: GuestReport) {
        if outbox.put(report) { reportSignal.notify() }
    }

    // MARK: Questions

    /// Questions may be lost, so one too many is.
    private func startAnswering(_ question: HostQuestion) {
        guard answering[question.id] == nil else { return }
        guard answering.count < settings.parallelQuestions else {
            logger.warning("a question was dropped: too many at once")
            return
        }
        answering[question.id] = Task {
            await self.answer(question)
            self.answering[question.id] = nil
        }
    }

    private func answer(_ question: HostQuestion) async {
        let bytes = min(max(question.consoleTailBytes, 0), settings.consoleTailBytesMax)
        let instance = question.instanceID
        var answer = HostAnswer(id: question.id, text: nil)
        do {
            if question.wantsInventory == true {
                answer.inventory = HostInventory(try await look())
            } else {
                answer.text = try await call("read the console log", "instance \(instance)") {
                    [drivers] () throws(DriverError) in
                    try await drivers.hypervisor.consoleTail(instance, bytes: bytes)
                }
            }
        } catch {
            answer.problem = "\(error)"
        }
        do throws(AgentLinkError) { try await link.answer(answer) } catch {
            logger.info("an answer was lost: \(error)")
        }
    }
}
