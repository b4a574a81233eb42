import AgentProtocol
import ComputeModel
import HostDrivers
import Logging

/// What is known for the next host report.
struct HostReporting {
    /// Set when the control plane has to be told even if nothing changed: a new session.
    var isDue = false
    var sent: HostReport?
    var probe: HypervisorProbe?
    var scan: DeviceScan?
    var capacity: StorageCapacity?
    var lookProblem: DriverError?
    var recordProblem: LocalRecordError?
    var failures = 0
}

extension HostAgent {
    /// Reports the host at the beginning of each session and whenever it changed.
    func hostReportLoop() async {
        for await _ in hostSignal.stream {
            guard welcome != nil else { continue }
            let problems = await examine()
            // An agent that is being stopped cuts its own calls short: that says nothing about
            // the host and must not keep guests away from it.
            guard !Task.isCancelled else { return }
            guard let report = hostReport(problems) else {
                guard await waitAfterHostFailure() else { return }
                continue
            }
            var isDelivered = true
            if hostReporting.isDue || !report.saysTheSame(as: hostReporting.sent) {
                isDelivered = await deliver(report)
            }
            if problems.isEmpty, isDelivered {
                hostReporting.failures = 0
                // Whatever signals: looks don't follow each other without a rest.
                guard await pause(settings.scanSpacing) else { return }
            } else if await !waitAfterHostFailure() {
                return
            }
        }
    }

    private func deliver(_ report: HostReport) async -> Bool {
        hostReporting.isDue = false
        do throws(AgentLinkError) {
            try await link.reportHost(report)
            hostReporting.sent = report
            return true
        } catch {
            hostReporting.isDue = true
            logger.warning("the host report was not taken: \(error)")
            return false
        }
    }

    private func waitAfterHostFailure() async -> Bool {
        hostReporting.failures += 1
        let delay = settings.linkBackoff.delay(
            attempt: hostReporting.failures, jitter: environment.jitter())
        hostSignal.notify()
        return await pause(max(delay, settings.scanSpacing))
    }

    /// Asks the drivers; what one can't say now stays as it said last.
    private func examine() async -> [HostCondition] {
        var problems: [HostCondition] = []
        do throws(DriverError) {
            hostReporting.probe = try await call("probe the hypervisor", identity.hostName) {
                [drivers] () throws(DriverError) in try await drivers.hypervisor.probe()
            }
        } catch { problems.append(condition("hypervisor-unavailable", error)) }
        do throws(DriverError) {
            hostReporting.scan = try await call("scan devices", identity.hostName) {
                [drivers] () throws(DriverError) in try await drivers.devices.scan()
            }
            observeDevices()
        } catch { problems.append(condition("devices-unavailable", error)) }
        do throws(DriverError) {
            hostReporting.capacity = try await call("measure storage", identity.hostName) {
                [drivers] () throws(DriverError) in try await drivers.storage.capacity()
            }
        } catch { problems.append(condition("storage-unavailable", error)) }
        return problems
    }

    private func condition(_ code: String, _ error: DriverError) -> HostCondition {
        logger.warning("\(error)")
        return HostCondition(code: code, message: "\(error)", blocksVDPA: true)
    }

    /// Nil until every driver has answered once.
    private func hostReport(_ problems: [HostCondition]) -> HostReport? {
        guard let hostID = welcome?.hostID, let probe = hostReporting.probe,
            let scan = hostReporting.scan, let capacity = hostReporting.capacity
        else { return nil }
        var report = HostReport(
            hostID: hostID, cpus: probe.cpus, memoryMiB: probe.memoryMiB,
            diskGiB: capacity.totalGiB, numaCells: probe.numaCells, hypervisor: probe.facts,
            devices: scan.devices,
            conditions: problems + ownConditions() + probe.conditions + scan.conditions
                + driftConditions(),
            agentVersion: identity.agentVersion, address: identity.address,
            reportedAt: environment.now())
        report.abilities = identity.abilities.map(\.rawValue)
        report.migrationURI = identity.migrationURI
        report.migrationIsEncrypted = identity.migrationURI.map { _ in
            identity.migrationIsEncrypted
        }
        return report
    }

    private func ownConditions() -> [HostCondition] {
        var conditions: [HostCondition] = []
        if let problem = hostReporting.lookProblem {
            conditions.append(
                HostCondition(
                    code: "guests-unreadable", message: "\(problem)", blocksVDPA: true))
        }
        if let problem = hostReporting.recordProblem {
            conditions.append(
                HostCondition(
                    code: "record-unusable", message: "\(problem)", blocksVDPA: false))
        }
        if let configured = identity.configuredName, configured != identity.hostName {
            conditions.append(
                HostCondition(
                    code: "host-name-differs",
                    message: "The agent's configuration says host_name '\(configured)'; this host"
                        + " joined as '\(identity.hostName)' and goes on under that name. Change"
                        + " it back, or let the host join anew under the other name.",
                    blocksVDPA: false))
        }
        if desired != nil, orphanPolicy == .keep {
            conditions.append(
                HostCondition(
                    code: "orphans-kept",
                    message: "Guests without an assignment are kept, because the control plane"
                        + " knows less than the agent's record does. If that is right, remove"
                        + " the record and restart the agent.",
                    blocksVDPA: false))
        }
        return conditions
    }
}

extension AgentIdentity {
    /// What an agent of this release can do on a host that is set up like this.
    var abilities: [AgentAbility] {
        AgentAbility.allCases.filter { $0 != .liveMigrate || migrationURI != nil }
    }
}

extension HostReport {
    fileprivate func saysTheSame(as other: HostReport?) -> Bool {
        guard var copy = other else { return false }
        copy.reportedAt = reportedAt
        return self == copy
    }
}
