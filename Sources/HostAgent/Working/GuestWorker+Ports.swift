import ComputeModel
import HostDrivers

/// NICs, the devices behind them and their wires.
extension GuestWorker {
    func ensureMAC(
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

    func plug(_ interface: GuestInterface, _ step: GuestStep) async throws(DriverError) {
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

    func attach(_ interface: GuestInterface, _ step: GuestStep) async throws(DriverError) {
        let planned = try await planned(interface, step)
        try await call(step) { [drivers, instanceID] () throws(DriverError) in
            try await drivers.hypervisor.attach(instanceID, planned)
        }
        if let arrival = assignment?.arrival { _ = await note(.networkBack(arrival.migrationID)) }
    }

    /// Asks again and again; the last refusal to answer is the step's failure.
    func detach(_ port: PortID, _ step: GuestStep) async throws(DriverError) {
        if let departure = assignment?.departure {
            _ = await note(.networkLost(departure.migrationID))
        }
        let timeout = settings.detachTimeout
        var attempt = 1
        while true {
            await progress(attempt == 1 ? step.progress : "\(step.progress), attempt \(attempt)")
            do throws(DriverError) {
                try await call(step, within: timeout + settings.callTimeout) {
                    [drivers, instanceID] () throws(DriverError) in
                    try await drivers.hypervisor.detach(instanceID, port, timeout: timeout)
                }
                return
            } catch {
                guard case .timedOut = error, attempt < settings.detachAttempts else {
                    throw error
                }
            }
            if Task.isCancelled { throw .cancelled(fault(step, "superseded")) }
            attempt += 1
        }
    }

    /// The NIC as the hypervisor must make it, looked up now.
    func planned(
        _ wanted: GuestInterface, _ step: GuestStep
    ) async throws(DriverError) -> PlannedInterface {
        let device = try await resolve(wanted, step)
        let macAddress = wanted.macAddress.lowercased()
        guard device.macAddress?.lowercased() == macAddress else {
            throw .refused(fault(step, "a device's MAC changed since it was checked"))
        }
        return PlannedInterface(
            portID: wanted.portID, macAddress: macAddress,
            characterDevice: device.characterDevice)
    }

    func resolve(
        _ interface: GuestInterface, _ step: GuestStep
    ) async throws(DriverError) -> ResolvedDevice {
        try await call(step) { [drivers] () throws(DriverError) in
            try await drivers.devices.resolve(interface.deviceID)
        }
    }

    func interface(_ port: PortID, _ step: GuestStep) throws(DriverError) -> GuestInterface {
        let interfaces = try known(step).guest.interfaces
        guard let interface = interfaces.first(where: { $0.portID == port }) else {
            throw .refused(fault(step, "the port is not in the assignment"))
        }
        return interface
    }

    /// Turns a driver's word about a NIC or its device into what it means for the port.
    func problem(_ step: GuestStep, _ error: DriverError) async -> GuestProblem {
        switch (step, error) {
        case (.detach(let port), .timedOut):
            return .detachUnanswered(port, attempts: max(settings.detachAttempts, 1))
        case (.ensureMAC(let port), .refused):
            guard let wanted = assignment?.guest.interfaces.first(where: { $0.portID == port }),
                let device = await lookAgain(wanted),
                device.macAddress?.lowercased() != wanted.macAddress.lowercased()
            else { return .step(step, error) }
            return .macRefused(port, wanted: wanted.macAddress, found: device.macAddress)
        case (.plug(let port), .refused):
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
}
