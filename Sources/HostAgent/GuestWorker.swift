import AgentProtocol
import ComputeModel
import HostDrivers
import Synchronization

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
        case .prepareRoot: try await prepareRoot(try known(step))
        case .writeConfigDrive:
            let guest = try known(step).guest
            try await call(step) { [drivers, instanceID] () throws(DriverError) in
                try await drivers.storage.writeConfigDrive(instanceID, guest: guest)
            }
        case .ensureMAC(let port): try await ensureMAC(try interface(port, step), step)
        case .plug(let port): try await plug(try interface(port, step), step)
        case .define: try await define(try known(step))
        case .shutdown: try await shutDown()
        case .start, .destroy, .unplug, .undefine, .removeStorage:
            try await call(step) { [drivers, instanceID] () throws(DriverError) in
                switch step {
                case .start: try await drivers.hypervisor.start(instanceID)
                case .destroy: try await drivers.hypervisor.destroy(instanceID)
                case .unplug(let port): try await drivers.virtualSwitch.unplug(port)
                case .undefine: try await drivers.hypervisor.undefine(instanceID)
                default: try await drivers.storage.remove(instanceID)
                }
            }
        // The agent itself does these: they concern its memory, not the host.
        case .forget, .giveUp: break
        }
    }

    private func prepareRoot(_ assignment: Assignment) async throws(DriverError) {
        let fetch = ImageFetcher(
            link: link, sizeBytes: assignment.guest.image.sizeBytes, progress: progress)
        await progress(GuestStep.prepareRoot.progress)
        try await bounded(
            settings.imageTimeout, clock, GuestStep.prepareRoot.progress, instanceID.text
        ) { [drivers, instanceID] () throws(DriverError) in
            try await drivers.storage.prepareRoot(
                instanceID, image: assignment.guest.image, sizeGiB: assignment.guest.diskGiB,
                fetch: { image, receive async throws(DriverError) in
                    try await fetch.fetch(image, receive)
                })
        }
    }

    private func plug(
        _ interface: GuestInterface, _ step: GuestStep
    ) async throws(DriverError) {
        let device = try await resolve(interface, step)
        guard let representor = device.representor else {
            throw .refused(fault(step, "the device has no representor"))
        }
        let vif = VIFPlug(
            representor: representor, portID: interface.portID,
            macAddress: interface.macAddress.lowercased(), instanceID: instanceID,
            mtuBytes: interface.mtuBytes, vlanTag: interface.vlanTag)
        try await call(step) { [drivers] () throws(DriverError) in
            try await drivers.virtualSwitch.plug(vif)
        }
    }

    private func define(_ assignment: Assignment) async throws(DriverError) {
        let guest = assignment.guest
        let paths = drivers.storage.paths(instanceID)
        var interfaces: [PlannedInterface] = []
        for wanted in guest.interfaces {
            let device = try await resolve(wanted, .define)
            guard device.macAddress?.lowercased() == wanted.macAddress.lowercased() else {
                throw .refused(fault(.define, "a device's MAC changed since it was checked"))
            }
            interfaces.append(
                PlannedInterface(
                    portID: wanted.portID, macAddress: wanted.macAddress.lowercased(),
                    characterDevice: device.characterDevice))
        }
        var plan = GuestPlan(
            instanceID: instanceID, generation: assignment.generation, name: guest.name,
            title: guest.displayName, vcpus: guest.vcpus, memoryMiB: guest.memoryMiB,
            disks: [paths.root], configDrivePath: paths.configDrive,
            consoleLogPath: paths.consoleLog, interfaces: interfaces)
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
            try await call(.destroy) { [drivers, instanceID] () throws(DriverError) in
                try await drivers.hypervisor.destroy(instanceID)
            }
        }
    }

    // MARK: Devices

    private func ensureMAC(
        _ interface: GuestInterface, _ step: GuestStep
    ) async throws(DriverError) {
        let wanted = interface.macAddress.lowercased()
        let device = try await resolve(interface, step)
        if device.macAddress?.lowercased() == wanted { return }
        guard device.macSettable else {
            throw .refused(fault(step, "it has another MAC and can't be given one"))
        }
        try await call(step) { [drivers] () throws(DriverError) in
            try await drivers.devices.setMAC(interface.deviceID, wanted)
        }
        let after = try await resolve(interface, step)
        guard after.macAddress?.lowercased() == wanted else {
            throw .refused(fault(step, "it has another MAC after it was set"))
        }
    }

    private func resolve(
        _ interface: GuestInterface, _ step: GuestStep
    ) async throws(DriverError) -> ResolvedDevice {
        try await call(step) { [drivers] () throws(DriverError) in
            try await drivers.devices.resolve(interface.deviceID)
        }
    }

    /// Turns a refusal about a device into what it means for the port.
    private func problem(_ step: GuestStep, _ error: DriverError) async -> GuestProblem {
        guard case .refused = error else { return .step(step, error) }
        switch step {
        case .ensureMAC(let port):
            guard let wanted = assignment?.guest.interfaces.first(where: { $0.portID == port }),
                let device = await lookAgain(wanted),
                device.macAddress?.lowercased() != wanted.macAddress.lowercased()
            else { return .step(step, error) }
            return .macRefused(port, wanted: wanted.macAddress, found: device.macAddress)
        case .plug(let port):
            guard let wanted = assignment?.guest.interfaces.first(where: { $0.portID == port }),
                let device = await lookAgain(wanted), device.representor == nil
            else { return .step(step, error) }
            return .representorMissing(port, wanted.deviceID)
        default: return .step(step, error)
        }
    }

    /// Nil when the device can't be seen any more: then the first error is the better story.
    private func lookAgain(_ interface: GuestInterface) async -> ResolvedDevice? {
        do throws(DriverError) {
            return try await resolve(interface, .plug(interface.portID))
        } catch { return nil }
    }

    // MARK: Calls

    private func call<Success: Sendable>(
        _ step: GuestStep, _ body: @escaping @Sendable () async throws(DriverError) -> Success
    ) async throws(DriverError) -> Success {
        try await bounded(
            settings.callTimeout, clock, step.progress, "instance \(instanceID)", body)
    }

    private func known(_ step: GuestStep) throws(DriverError) -> Assignment {
        guard let assignment else {
            throw .refused(fault(step, "the guest is in no assignment"))
        }
        return assignment
    }

    private func interface(
        _ port: PortID, _ step: GuestStep
    ) throws(DriverError) -> GuestInterface {
        let interfaces = try known(step).guest.interfaces
        guard let interface = interfaces.first(where: { $0.portID == port }) else {
            throw .refused(fault(step, "the port is not in the assignment"))
        }
        return interface
    }

    private func fault(_ step: GuestStep, _ found: String) -> DriverFault {
        DriverFault(operation: step.progress, object: "instance \(instanceID)", found: found)
    }
}
