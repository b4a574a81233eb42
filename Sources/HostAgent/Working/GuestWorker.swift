import AgentProtocol
import ComputeModel
import HostDrivers

/// Carries steps of one assignment out, one after the other.
struct GuestWorker: Sendable {
    let drivers: HostDriverSet
    let link: any ControlPlaneLink
    let settings: AgentSettings
    let clock: any Clock<Duration>
    let instanceID: InstanceID
    /// Nil for an orphan, of which nothing is known but its traces.
    let assignment: Assignment?
    /// Told what is being done.
    let progress: @Sendable (String) async -> Void
    /// Told what is to be remembered; false when it could not be made durable.
    let note: @Sendable (GuestNote) async -> Bool

    /// Ends with the first step that fails.
    func perform(_ steps: [GuestStep]) async throws(GuestProblem) {
        for step in steps {
            do throws(DriverError) {
                if Task.isCancelled { throw .cancelled(fault(step, "superseded")) }
                try await perform(step)
            } catch {
                throw await problem(step, error)
            }
        }
    }

    private func perform(_ step: GuestStep) async throws(DriverError) {
        switch step {
        case .prepare(let disk): try await prepare(disk, try known(step), step)
        case .writeConfigDrive:
            let guest = try known(step).guest
            try await call(step) { [drivers, instanceID] () throws(DriverError) in
                try await drivers.storage.writeConfigDrive(instanceID, guest: guest)
            }
        case .ensureMAC(let port): try await ensureMAC(try interface(port, step), step)
        case .plug(let port): try await plug(try interface(port, step), step)
        case .attach(let port): try await attach(try interface(port, step), step)
        case .detach(let port): try await detach(port, step)
        case .define: try await define(try known(step))
        case .shutdown: try await shutDown()
        case .migrate: try await migrate(try known(step), step)
        case .copyRoot: try await copyRoot(step)
        case .export(let isCopied): try await export(try known(step), step, isCopied: isCopied)
        case .start, .pause, .unpause, .save, .restore, .discardSaved, .destroy, .undefine,
            .abortMigration:
            try await power(step)
        case .unplug, .announce, .removeDisk, .removeCopy, .removeStorage:
            try await call(step) { [drivers, instanceID] () throws(DriverError) in
                switch step {
                case .unplug(let port): try await drivers.virtualSwitch.unplug(port)
                case .announce(let port): try await drivers.virtualSwitch.announce(port)
                case .removeDisk(let disk): try await drivers.storage.remove(disk, of: instanceID)
                case .removeCopy: try await drivers.storage.removeCopy(instanceID)
                default: try await drivers.storage.remove(instanceID)
                }
            }
        // The agent itself does these: they concern its memory, not the host.
        case .forget, .giveUp: break
        }
    }

    private func power(_ step: GuestStep) async throws(DriverError) {
        let hypervisor = drivers.hypervisor
        let movesMemory = step == .save || step == .restore
        let limit = movesMemory ? settings.memoryTimeout : settings.callTimeout
        try await call(step, within: limit) { [instanceID] () throws(DriverError) in
            switch step {
            case .start: try await hypervisor.start(instanceID)
            case .pause: try await hypervisor.pause(instanceID)
            case .unpause: try await hypervisor.unpause(instanceID)
            case .save: try await hypervisor.save(instanceID)
            case .restore: try await hypervisor.restore(instanceID)
            case .discardSaved: try await hypervisor.discardSaved(instanceID)
            case .destroy: try await hypervisor.destroy(instanceID)
            case .abortMigration: try await hypervisor.abortMigration(instanceID)
            default: try await hypervisor.undefine(instanceID)
            }
        }
    }

    private func define(_ assignment: Assignment) async throws(DriverError) {
        let guest = assignment.guest
        let paths = drivers.storage.paths(instanceID, root: guest.rootDisk)
        var interfaces: [PlannedInterface] = []
        for wanted in guest.interfaces { interfaces.append(try await planned(wanted, .define)) }
        var plan = GuestPlan(
            instanceID: instanceID, generation: assignment.generation, name: guest.name,
            title: guest.displayName, vcpus: guest.vcpus, memoryMiB: guest.memoryMiB,
            disks: guest.bootDisks.map { drivers.storage.paths(instanceID, root: $0).root },
            configDrivePath: paths.configDrive, consoleLogPath: paths.consoleLog,
            interfaces: interfaces)
        plan.numa = guest.numa
        try await call(.define) { [drivers, plan] () throws(DriverError) in
            try await drivers.hypervisor.define(plan)
        }
    }

    /// A guest that does not listen loses its power: its owner wants it off.
    private func shutDown() async throws(DriverError) {
        await progress(GuestStep.shutdown.progress)
        do throws(DriverError) {
            let grace = settings.shutdownTimeout
            try await bounded(
                grace + settings.callTimeout, clock, GuestStep.shutdown.progress,
                instanceID.text
            ) { [drivers, instanceID] () throws(DriverError) in
                try await drivers.hypervisor.shutdown(instanceID, timeout: grace)
            }
        } catch .timedOut {
            await progress(GuestStep.destroy.progress)
            try await power(.destroy)
        }
    }

    // MARK: Calls

    func call<Success: Sendable>(
        _ step: GuestStep, within limit: Duration? = nil,
        _ body: @escaping @Sendable () async throws(DriverError) -> Success
    ) async throws(DriverError) -> Success {
        try await bounded(
            limit ?? settings.callTimeout, clock, step.progress, "instance \(instanceID)", body)
    }

    func known(_ step: GuestStep) throws(DriverError) -> Assignment {
        guard let assignment else {
            throw .refused(fault(step, "the guest is in no assignment"))
        }
        return assignment
    }

    func fault(_ step: GuestStep, _ found: String) -> DriverFault {
        DriverFault(operation: step.progress, object: "instance \(instanceID)", found: found)
    }
}
